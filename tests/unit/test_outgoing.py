"""Where requests may go: decisions only. What happens on real connections is in tests/end_to_end/test_outgoing.py."""

import logging
from ipaddress import ip_address, ip_network

import pytest

from kolli.errors import Invalid, Unreachable
from kolli.outgoing import Outgoing, check_url, choose, is_public

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # a cloud's platform
    "169.254.0.1",
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",  # a cloud's metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_of_no_or_another_network_is_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://shop.example.com/hooks/kolli?token=abc%20d",
        "https://example.com:443/hook",
        "https://example.com:8443/hook",
        "https://example.com./hook",
        "https://EXAMPLE.com/Ünïcode",
        "https://xn--bcher-kva.example/",
        "https://1.1.1.1/hook",
        "https://[2606:4700:4700::1111]/hook",
        "https://a_b.example.com/",
    ],
)
def test_a_url_of_the_internet_may_be_stored(url):
    check_url(url, ())


REFUSED = [
    "",
    "example.com",
    "//example.com/",
    "https://",
    "https:///path",
    "https:example.com",
    "http://example.com/",
    "HTTP://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "data:text/plain,hi",
    "unix:///run/docker.sock",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://127.0.0.1\\.example.com/",
    "https://exa mple.com/",
    " https://example.com/",
    "https://example.com/\r\nHost: internal",
    "https://example.com/\n",
    "https://example.com/\t",
    "https://example.com/\x00",
    "https://exam\u200bple.com/",
    "https://bücher.example/",
    "https://ⓛocalhost/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://example.com#fragment",
    "https://example.com:/",
    "https://example.com:0/",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:99999/",
    "https://example.com:443x/",
    "https://-example.com/",
    "https://example..com/",
    "https://" + "a" * 64 + ".example/",
    "https://example.com/" + "a" * 2_000,
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://%31%32%37.0.0.1/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://app.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://router/",
    "https://nas.home.arpa/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",  # the same in decimal
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://168.63.129.16/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_any_other_url_is_refused_when_it_is_to_be_stored(url):
    with pytest.raises(Invalid, match=r"^Enter a valid URL") as refused:
        check_url(url, (), field="webhook_url")

    assert refused.value.field == "webhook_url"


@pytest.mark.parametrize("url", REFUSED)
def test_any_other_url_is_refused_when_it_is_to_be_called(url):
    """No socket is opened: they are closed in these tests."""
    with pytest.raises(Invalid):
        Outgoing().send("POST", url, {})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hook", "https://127.0.0.1/hook", "http://localhost:9000/", "http://[::1]:9000/"]
)
def test_a_private_target_may_be_stored_where_the_installation_allows_it(url):
    check_url(url, LOOPBACK)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://169.254.169.254/", "http://user@127.0.0.1/"])
def test_what_is_not_in_an_allowed_network_stays_refused(url):
    with pytest.raises(Invalid):
        check_url(url, LOOPBACK)


def test_every_address_of_a_public_name_may_be_called():
    assert choose(["1.1.1.1", "2606:4700:4700::1111"], 443, "https", ()) == [
        ip_address("1.1.1.1"),
        ip_address("2606:4700:4700::1111"),
    ]


@pytest.mark.parametrize("private", NOT_PUBLIC)
def test_a_name_with_one_address_that_is_not_public_is_not_called_at_all(private):
    with pytest.raises(Unreachable, match="not part of the public internet"):
        choose(["1.1.1.1", private], 443, "https", ())


@pytest.mark.parametrize(("port", "scheme"), [(80, "http"), (443, "http"), (8080, "https"), (22, "https")])
def test_a_public_address_is_called_by_https_at_its_usual_ports_only(port, scheme):
    with pytest.raises(Unreachable, match="by https"):
        choose(["1.1.1.1"], port, scheme, LOOPBACK)


def test_an_address_that_wraps_an_allowed_one_is_that_one():
    assert choose(["::ffff:127.0.0.1"], 9000, "http", LOOPBACK) == [ip_address("127.0.0.1")]


@pytest.mark.parametrize("answers", [[], None])
def test_a_name_without_addresses_is_unreachable(answers):
    def resolve(_host, _port):
        if answers is None:
            raise OSError("no such name")
        return answers

    with pytest.raises(Unreachable, match=r"shop\.example could not be resolved"):
        Outgoing(resolve=resolve).send("POST", "https://shop.example/hook?token=secret", {})


def test_the_library_cannot_write_headers_into_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    Outgoing()

    assert not logging.getLogger("httpcore2.http11").isEnabledFor(logging.DEBUG)
