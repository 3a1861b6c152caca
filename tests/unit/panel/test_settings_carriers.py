"""Carriers and options in the panel: what they can do, files with options and prices, and what a parcel would cost."""

from html import unescape

import pytest

from kolli.account.options import list_own_options
from kolli.account.rates import list_rate_sheets
from kolli.carriers.registry import installed_carriers
from tests.factories import a_caller, an_installation
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry

PATH = "/panel/settings/carriers/"
OPTIONS = "code,name,weight_max\ngs1:bike,By bike,15\ngs1:van,By van,200\n"
PRICES = "option,weight_from,weight_to,price,currency\nsendcloud:letter,0,2,4.95,EUR\nsendcloud:letter,2,30,7.95,EUR\n"


@pytest.fixture
def fleet(tmp_path):
    """A caller with every carrier that is installed; one of them takes options of the account's own."""
    caller = a_caller(an_installation(tmp_path, carriers=list(installed_carriers(tmp_path))))
    return caller, person(caller.installation, "owner")


def own_options(caller):
    with caller.installation.database.read() as transaction:
        return list_own_options(transaction, 1)


def sheets(caller):
    with caller.installation.database.read() as transaction:
        return list_rate_sheets(transaction, 1)


def upload(somebody, content, *, path="options/", name="mine.csv", **fields):
    body = content if isinstance(content, bytes) else content.encode()
    return somebody.post(f"{PATH}{path}", fields, files={"file": (name, body, "text/csv")})


def beside(answer, field="file"):
    return unescape(answer.text.split(f'name="{field}"')[1].split("</div>")[0])


def test_carriers_are_shown_with_what_they_can_do(fleet):
    _, somebody = fleet

    page = text_of(somebody.get(PATH))

    assert "UPS" in page
    assert "Says where parcels are" in page
    assert "Takes options of your own" in page
    assert "Prints labels; ask the carrier to approve of them before you go live" in page


@pytest.mark.parametrize(
    ("query", "count"), [("?q=insured", 1), ("?q=POSTNL+standard", 2), ("?carrier=sendcloud", 1), ("?q=nothing", 0)]
)
def test_options_are_found_by_words_and_carrier(owner, query, count):
    page = owner.get(f"{PATH}options/{query}")

    assert page.status_code == 200
    assert page.text.count('data-label="Option"') == count


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999", "x", "7"])
def test_a_page_that_is_not_there_is_an_empty_one(owner, number):
    assert owner.get(f"{PATH}options/?page={number}").status_code == 200


def test_own_options_come_from_a_file_and_go_back_into_one(fleet):
    caller, somebody = fleet

    answer = upload(somebody, OPTIONS)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}options/")
    assert [option.code for option in own_options(caller)] == ["gs1:bike", "gs1:van"]
    assert newest_entry(caller).details == {"count": "2", "what": "gs1:bike, gs1:van"}
    file = somebody.get(f"{PATH}options.csv")
    assert "attachment" in file.headers["content-disposition"]
    assert upload(somebody, file.content).status_code == 303
    assert len(own_options(caller)) == 2


def test_one_bad_row_imports_nothing_and_every_mistake_is_told_by_row(fleet):
    caller, somebody = fleet

    answer = upload(somebody, OPTIONS + "gs1:bad,,heavy\nups:mine,Mine,2\n")

    assert answer.status_code == 422
    page = text_of(answer)
    assert "Nothing was imported: the file has 3 mistakes." in beside(answer)
    assert "4 name It is empty, and has to be filled in." in page
    assert "4 weight_max 'heavy' is no number of 0 or more." in page
    assert "5 code UPS takes no options but its own." in page
    assert own_options(caller) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no column code"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not in UTF-8"),
        ("code,name,weight_max\ngs1:b\xfcro,B\xfcro,2\n".encode("latin-1"), "is not in UTF-8"),
        (b"code,name\nx,y\n", "has no column weight_max"),
        (b'code,name,weight_max\n"gs1:x,y,2\n', "is no CSV file"),
    ],
    ids=["empty", "a picture", "another encoding", "a column too few", "a quote too few"],
)
def test_what_is_no_such_file_is_refused_by_its_own_name(fleet, content, says):
    caller, somebody = fleet

    answer = upload(somebody, content, name="<b>mine</b>.csv")

    assert answer.status_code == 422
    assert says in beside(answer)
    assert "/tmp" not in answer.text
    assert "<b>mine" not in answer.text
    assert own_options(caller) == []


def test_without_a_file_nothing_is_imported(fleet):
    _, somebody = fleet

    answer = somebody.post(f"{PATH}options/")

    assert answer.status_code == 422
    assert "Choose a file first." in beside(answer)


def test_a_file_that_is_far_too_large_is_not_read(owner):
    answer = upload(owner, bytes(9 * 1024 * 1024))

    assert answer.status_code == 413


def test_an_own_option_is_removed_and_others_are_not(fleet):
    caller, somebody = fleet
    upload(somebody, OPTIONS)

    removed = somebody.post(f"{PATH}options/remove/", {"code": "gs1:bike"})
    missing = somebody.post(f"{PATH}options/remove/", {"code": "postnl:standard"})

    assert (removed.status_code, missing.status_code) == (303, 404)
    assert [option.code for option in own_options(caller)] == ["gs1:van"]


def test_prices_come_from_a_file_and_go_back_into_one(owner, caller):
    answer = upload(owner, PRICES, path="prices/")

    assert answer.status_code == 303
    assert [(sheet.option_code, len(sheet.rates)) for sheet in sheets(caller)] == [("sendcloud:letter", 2)]
    assert newest_entry(caller).action == "price.import"
    assert "sendcloud:letter" in text_of(owner.get(f"{PATH}prices/"))
    assert upload(owner, owner.get(f"{PATH}prices.csv").content, path="prices/").status_code == 303


def test_prices_with_a_mistake_change_nothing(owner, caller):
    upload(owner, PRICES, path="prices/")

    answer = upload(owner, PRICES + "no:such,0,2,1,EUR\nsendcloud:letter,30,31,-1,EUR\n", path="prices/")

    assert answer.status_code == 422
    assert "There is no shipping option 'no:such'" in text_of(answer)
    assert len(sheets(caller)[0].rates) == 2


def test_prices_are_removed(owner, caller):
    upload(owner, PRICES, path="prices/")

    removed = owner.post(f"{PATH}prices/remove/", {"option": "sendcloud:letter", "contract_id": ""})
    again = owner.post(f"{PATH}prices/remove/", {"option": "sendcloud:letter", "contract_id": ""})

    assert (removed.status_code, again.status_code) == (303, 404)
    assert sheets(caller) == []


def test_a_try_out_tells_prices_and_why_an_option_refuses(owner):
    upload(owner, PRICES, path="prices/")

    page = text_of(owner.get(f"{PATH}try-out/?from=nl&to=DE&weight=1,2"))

    assert "2 options take it" in page
    assert "4.95 EUR" in page
    assert "postnl:standard/insured=3000 does not go from NL to DE." in page


def test_a_try_out_that_nothing_takes_says_why(owner):
    page = text_of(owner.get(f"{PATH}try-out/?from=NL&to=DE&weight=900"))

    assert "No option takes such a parcel. Below stands why." in page
    assert "the parcel weighs 900 kg" in page


@pytest.mark.parametrize(
    ("query", "field"),
    [("to=Holland", "to"), ("weight=heavy", "weight"), ("weight=-1", "weight"), ("length=1", "width")],
)
def test_a_try_out_keeps_what_cannot_be_with_the_message_beside_it(owner, query, field):
    answer = owner.get(f"{PATH}try-out/?{query}")

    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text.split(f'name="{field}"')[1].split("</div>")[0]
    assert f'value="{query.split("=")[1]}"' in answer.text


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    answers = [
        owner.client.get(f"{PATH}options/", params={"q": text, "carrier": text}),
        owner.client.get(f"{PATH}try-out/", params={"from": text, "to": text, "weight": text}),
        upload(owner, f"code,name,weight_max\n{text},x,1\n"),
        upload(owner, f"{text},name,weight_max\n", path="prices/"),
    ]

    assert all(each.status_code in {200, 422} for each in answers)
    assert all(text not in each.text or "<" not in text for each in answers)


def test_others_options_and_prices_are_not_there(owner, caller):
    upload(owner, PRICES, path="prices/")
    stranger = a_stranger(caller)

    assert "sendcloud:letter" not in stranger.get(f"{PATH}prices/").text
    assert b"4.95" not in stranger.get(f"{PATH}prices.csv").content
    assert stranger.post(f"{PATH}prices/remove/", {"option": "sendcloud:letter"}).status_code == 404
    assert len(sheets(caller)) == 1


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_options_and_prices(caller, who):
    somebody = person(caller.installation, who)

    for path in ("", "options/", "prices/", "try-out/", "options.csv", "prices.csv"):
        assert somebody.get(f"{PATH}{path}").status_code == 403
    assert upload(somebody, PRICES, path="prices/").status_code == 403
    assert sheets(caller) == []
