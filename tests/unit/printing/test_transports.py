"""Ways to printers: addresses, what status answers mean, messages of IPP. What goes over sockets is in end_to_end."""

from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.errors import Invalid
from kolli.outgoing import NotReached
from kolli.printing.model import WAYS, Profile
from kolli.printing.transports import TRANSPORTS, check_address, ipp, raw
from kolli.printing.transports import ipp_message as message
from kolli.printing.transports.ipp_message import Attribute, Value
from kolli.wires import PRIVATE_NETWORKS, Wires, choose_printer, may_be_printer

READY = b"\x02030,0,0,0799,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"


def test_every_way_but_the_file_has_a_transport():
    assert set(TRANSPORTS) == set(WAYS) - {"download"}


@pytest.mark.parametrize("address", ["10.0.0.7", "172.31.0.1", "192.168.178.20", "127.0.0.1", "::1", "fd12::1"])
def test_printers_are_in_private_networks(address):
    assert may_be_printer(ip_address(address), PRIVATE_NETWORKS)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700:4700::1111", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::", "::ffff:8.8.8.8"],
)
def test_nothing_is_sent_elsewhere(address):
    assert not may_be_printer(ip_address(address), PRIVATE_NETWORKS)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"],
)
def test_the_addresses_of_metadata_are_no_printers_whatever_an_operator_allows(address):
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))

    assert not may_be_printer(ip_address(address), everything)


def test_a_name_one_of_whose_addresses_is_elsewhere_is_not_called():
    with pytest.raises(NotReached, match=r"169\.254\.169\.254"):
        choose_printer(["192.168.1.5", "169.254.169.254"], 9100, "", PRIVATE_NETWORKS)


def test_a_name_is_resolved_once_and_what_it_means_is_looked_at():
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return ["8.8.8.8"]

    with pytest.raises(NotReached, match=r"8\.8\.8\.8"):
        Wires(PRIVATE_NETWORKS, resolve=resolve).connect("printer.example", 9100)
    assert asked == [("printer.example", 9100)]


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("192.168.1.50", "192.168.1.50", 9100),
        (" 192.168.1.50:6101 ", "192.168.1.50", 6101),
        ("zebra-1.local", "zebra-1.local", 9100),
        ("[fd00::7]:9101", "fd00::7", 9101),
        ("fd00::7", "fd00::7", 9100),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(address, host, port):
    assert raw.split(address) == (host, port)


@pytest.mark.parametrize(
    "address",
    ["", "a b", "printer:0", "printer:65536", "printer:x", "http://printer", "a/b", "-x", "[fd00::7", "@host"],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Invalid) as told:
        check_address(Profile("raw", address, "zpl"), PRIVATE_NETWORKS)
    assert told.value.field == "address"


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "",
            "http://printer/",
            "ipp://",
            "ipp://user@printer/",
            "ipp://printer/?a",
            "ipp://printer:x/",
            "file:///etc",
        ),
        *("ipp://169.254.169.254/latest", "ipp://8.8.8.8/ipp/print", "ipp://printer/a b", "ipp://[::1/x"),
    ],
)
def test_what_is_no_uri_of_a_printer_is_refused(uri):
    with pytest.raises(Invalid) as told:
        check_address(Profile("ipp", uri), PRIVATE_NETWORKS)
    assert told.value.field == "address"


def test_a_file_has_no_address():
    with pytest.raises(Invalid):
        check_address(Profile("download", "printer"), PRIVATE_NETWORKS)


@pytest.mark.parametrize(
    ("before", "after", "hindrance"),
    [
        (b"030,0,0", b"030,1,0", "It has no paper."),
        (b"030,0,0", b"030,0,1", "It is paused: press its button."),
        (b"000,0,0,0,0,2", b"000,0,1,0,0,2", "Its print head is open."),
        (b"000,0,0,0,0,2", b"000,0,0,1,0,2", "It has no ribbon."),
        (b"000,0,0,0\x03", b"000,0,0,1\x03", "It is too hot."),
        (b"000,0,0,0\x03", b"000,0,1,0\x03", "It is too cold."),
    ],
)
def test_a_label_printer_says_why_it_does_not_print(before, after, hindrance):
    assert READY.count(before) == 1
    assert raw.read_status(READY.replace(before, after)) == raw.Status(hindrance, 0)


def test_a_label_printer_says_how_many_labels_it_has_still_to_print():
    assert raw.read_status(READY) == raw.Status("", 0)
    assert raw.read_status(READY.replace(b"0799,000", b"0799,012")) == raw.Status("", 12)


@given(st.integers(0, len(READY) - 1))
def test_a_status_that_is_not_all_there_is_waited_for(length):
    assert raw.read_status(READY[: min(length, len(READY) - 3)]) is None


@given(st.binary(max_size=300))
def test_no_answer_breaks_the_reader_of_a_status(answer):
    raw.read_status(answer)


def test_a_request_is_written_as_the_standard_shows_it():
    """RFC 8010, appendix A.1, without the attributes that we do not send."""
    written = message.request(
        message.PRINT_JOB,
        1,
        [
            (
                message.OPERATION_GROUP,
                [
                    Attribute(message.CHARSET, "attributes-charset", ("utf-8",)),
                    Attribute(message.LANGUAGE, "attributes-natural-language", ("en-us",)),
                    Attribute(message.URI, "printer-uri", ("ipp://printer.example.com/ipp/print/pinetree",)),
                ],
            ),
            (message.JOB_GROUP, [Attribute(message.INTEGER, "copies", (20,))]),
        ],
    )

    assert written == (
        b"\x02\x00\x00\x02\x00\x00\x00\x01\x01"
        b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x48\x00\x1battributes-natural-language\x00\x05en-us"
        b"\x45\x00\x0bprinter-uri\x00\x2cipp://printer.example.com/ipp/print/pinetree"
        b"\x02\x21\x00\x06copies\x00\x04\x00\x00\x00\x14\x03"
    )


def test_an_answer_is_read_group_by_group_and_collections_are_skipped():
    answer = (
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x01\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x04\x44\x00\x0fmedia-supported\x00\x02a6\x44\x00\x00\x00\x02a4"
        b"\x34\x00\x09media-col\x00\x00\x4a\x00\x00\x00\x05media\x44\x00\x00\x00\x02a6\x37\x00\x00\x00\x00"
        b"\x23\x00\x0dprinter-state\x00\x04\x00\x00\x00\x05"
        b"\x22\x00\x19printer-is-accepting-jobs\x00\x01\x00"
        b"\x35\x00\x0cprinter-info\x00\x0c\x00\x02de\x00\x06B\xc3\xbcro1\x03"
    )

    read = message.read(answer)

    assert read.is_ok
    assert read.of(message.PRINTER_GROUP) == {
        "media-supported": ["a6", "a4"],
        "printer-state": [5],
        "printer-is-accepting-jobs": [False],
        "printer-info": ["Büro1"],
    }


@given(st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_unreadable_and_nothing_worse(data):
    with suppress(message.Unreadable):
        message.read(data)


@given(st.lists(st.tuples(st.from_regex(r"[a-z-]{1,20}", fullmatch=True), st.text(max_size=30)), max_size=5))
def test_what_is_written_is_read_back(pairs):
    attributes = [Attribute(message.TEXT, name, (text,)) for name, text in pairs]
    written = message.request(0, 1, [(message.JOB_GROUP, attributes)])
    expected: dict[str, list[str]] = {}
    for name, text in pairs:
        expected.setdefault(name, []).append(text)

    assert message.read(written).of(message.JOB_GROUP) == expected


@pytest.mark.parametrize(
    ("paper", "supported", "name"),
    [
        ("A6", [], "iso_a6_105x148mm"),
        ("A6", ["iso_a4_210x297mm", "iso_a6_105x148mm"], "iso_a6_105x148mm"),
        ("4x6", ["oe_4x6-label_4x6in"], "oe_4x6-label_4x6in"),
        ("4x6", ["custom_label_101.6x152.4mm"], "custom_label_101.6x152.4mm"),
        ("A6", ["custom_min_25.4x25.4mm", "custom_max_104x991mm"], ""),
        ("4x6", ["custom_min_25.4x25.4mm", "custom_max_104x991mm"], "custom_kolli_101.6x152.4mm"),
        ("A6", ["iso_a4_210x297mm", "na_letter_8.5x11in", "nonsense", "x_1.2.3x4mm"], ""),
    ],
)
def test_paper_is_asked_for_by_the_name_that_the_printer_has_for_its_size(paper, supported, name):
    assert ipp.find_media(paper, supported) == name


@pytest.mark.parametrize(
    ("found", "hindrance"),
    [
        ({"printer-state": [3]}, ""),
        ({"printer-state": [5]}, "It is stopped."),
        ({"printer-state": [5], "printer-state-reasons": ["media-empty-error"]}, "It has no paper."),
        ({"printer-state": [5], "printer-state-reasons": ["paused"]}, "It is paused."),
        ({"printer-state": [4], "printer-state-reasons": ["media-low-report"]}, ""),
        ({"printer-state": [3], "printer-is-accepting-jobs": [False]}, "It does not accept jobs."),
    ],
)
def test_an_ipp_printer_says_why_it_does_not_print(found, hindrance):
    assert ipp.hindrance(found) == hindrance


def test_a_job_that_does_not_go_on_has_the_reason_that_its_printer_names():
    found: dict[str, list[Value]] = {"printer-state": [4], "printer-state-reasons": ["media-jam"]}

    assert ipp.hindrance(found, does_not_go_on=True) == "Paper is jammed."
