"""Contracts in the panel: the carrier's own form, secrets that are only written, numbers, live and test, removing."""

from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import ClassVar

import pytest

from kolli.account.accounts import get_account, update_account
from kolli.account.audit import Wanted, list_entries
from kolli.account.contracts import all_contracts, find_any_contract, find_contract
from kolli.account.number_ranges import list_number_ranges
from kolli.carriers.base import ContractField
from kolli.carriers.postnl import PostNL
from kolli.rules.queries import add_rule
from tests.factories import NOW, a_caller, a_rule, an_installation, an_order
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry, stamp_on

PATH = "/panel/settings/contracts/"
OWN = f"{PATH}1517/"
SECRET = "hunter2-is-no-password"


class Asking(PostNL):
    """A carrier that asks for a secret besides."""

    contract_form = (  # type: ignore[assignment] # two fields more
        *PostNL.contract_form,
        ContractField("api_key", "The key of its interface.", is_secret=True),
        ContractField("pin", "A second one.", is_required=False, is_secret=True),
        ContractField("returns", "Whether returns are included.", is_required=False, type="boolean"),
    )
    contract_rules: ClassVar = {
        **PostNL.contract_rules,
        "api_key": (".+", ""),
        "pin": (".+", ""),
        "returns": (".+", ""),
    }


def contracts(caller):
    with caller.installation.database.read() as transaction:
        return all_contracts(transaction, 1)


def contract(caller, contract_id=1517):
    with caller.installation.database.read() as transaction:
        return find_contract(transaction, 1, contract_id)


def ranges(caller, contract_id=1517):
    with caller.installation.database.read() as transaction:
        return list_number_ranges(transaction, 1, contract_id)


def data_of(caller, contract_id=1517):
    return caller.installation.vault.open(contract(caller, contract_id).sealed_data)


def beside(answer, field):
    return unescape(answer.text.split(f'name="{field}"')[1].split("</div>")[0])


@pytest.fixture
def asking(tmp_path):
    """A caller whose carrier asks for secrets, and the contract that says them."""
    at = an_installation(tmp_path, carriers=[Asking(tmp_path)])
    caller = a_caller(at)
    someone = person(at, "owner")
    form = {"carrier": "postnl", "field_customer_code": "KZ", "password_api_key": SECRET, "is_active": "on"}
    added = someone.post(f"{PATH}new/", form)
    assert added.status_code == 303, text_of(added)
    return caller, someone, added.headers["location"]


def test_contracts_are_listed_with_how_long_their_numbers_last(owner):
    page = text_of(owner.get(PATH))

    assert "PostNL" in page
    assert "0 used, 9,999,999 left · none used in the last 14 days" in page


def test_each_carrier_asks_with_its_own_form(owner):
    assert "PostNL" in text_of(owner.get(f"{PATH}new/"))

    form = owner.get(f"{PATH}new/?carrier=postnl")

    assert 'name="field_customer_code"' in form.text
    assert "The 1 to 4 letters that PostNL's barcodes" in text_of(form)


def test_a_contract_is_added_sealed_and_as_a_test(owner, caller):
    form = {"carrier": "postnl", "field_name": "Second", "field_customer_code": "KZ", "is_active": "on"}

    answer = owner.post(f"{PATH}new/", form)

    assert answer.status_code == 303
    added = contracts(caller)[-1]
    assert (added.name, added.is_active, added.is_live, added.is_default) == ("Second", True, False, False)
    assert data_of(caller, added.id) == {"customer_code": "KZ"}
    entry = newest_entry(caller)
    assert (entry.action, entry.details["fields"]) == ("contract.add", "name, customer_code")


def test_what_the_form_lacks_is_said_beside_its_field(owner, caller):
    answer = owner.post(f"{PATH}new/", {"carrier": "postnl", "field_name": "Second", "field_country": "Holland"})

    assert answer.status_code == 422
    assert "This field is required." in beside(answer, "field_customer_code")
    assert "no country code" in beside(answer, "field_country")
    assert 'value="Second"' in answer.text
    assert len(contracts(caller)) == 1


def test_what_the_carrier_has_against_a_contract_stands_on_its_page(owner):
    answer = owner.post(f"{PATH}new/", {"carrier": "postnl", "field_customer_code": "12345"})

    page = text_of(owner.get(answer.headers["location"]))

    assert "Not accepted" in page
    assert "1 to 4 letters" in page


def test_a_secret_is_never_shown_again_and_stays_when_it_is_left_empty(asking):
    caller, someone, path = asking
    data = someone.get(f"{path}data/")

    saved = someone.post(f"{path}data/", {"field_customer_code": "KA", "stamp": stamp_on(data)})

    assert "It is kept, and never shown." in text_of(data)
    assert saved.status_code == 303, text_of(saved)
    for page in (data, someone.get(path), someone.get(f"{path}data/"), someone.get(PATH)):
        assert SECRET not in page.text
    assert data_of(caller, int(path.split("/")[-2])) == {"customer_code": "KA", "api_key": SECRET}


def test_a_secret_is_replaced_and_the_audit_trail_names_only_its_field(asking):
    caller, someone, path = asking
    form = {"field_customer_code": "KZ", "password_api_key": "correct-horse-2", "password_pin": "0000"}

    someone.post(f"{path}data/", {**form, "stamp": stamp_on(someone.get(f"{path}data/"))})

    assert data_of(caller, int(path.split("/")[-2]))["api_key"] == "correct-horse-2"
    entry = newest_entry(caller)
    assert entry.details == {"fields": "api_key, pin"}
    with caller.installation.database.read() as transaction:
        entries = list_entries(transaction, 1, Wanted(), 100)
    assert all(SECRET not in str(each) and "correct-horse-2" not in str(each) for each in entries)

    form = {"field_customer_code": "KZ", "forget_pin": "on", "stamp": stamp_on(someone.get(f"{path}data/"))}
    someone.post(f"{path}data/", form)
    assert "pin" not in data_of(caller, int(path.split("/")[-2]))


def test_a_secret_that_was_typed_is_not_repeated_when_something_else_is_wrong(asking):
    _, someone, path = asking

    answer = someone.post(f"{path}data/", {"field_customer_code": "", "password_api_key": "correct-horse-2"})

    assert answer.status_code == 422
    assert "correct-horse-2" not in answer.text


def test_what_touches_secrets_asks_for_the_password_again(owner, caller):
    with caller.installation.database.write() as transaction:
        long_ago = (caller.installation.clock() - timedelta(minutes=16)).isoformat()
        transaction.exec_driver_sql("UPDATE sessions SET confirmed_at = ?", (long_ago,))

    answers = [
        owner.get(f"{OWN}data/"),
        owner.get(f"{PATH}new/"),
        owner.post(f"{OWN}data/", {"field_customer_code": "KZ"}),
        owner.post(f"{PATH}new/", {"carrier": "postnl", "field_customer_code": "KZ"}),
    ]

    assert all(each.headers["location"].startswith("/panel/confirm/") for each in answers)
    assert data_of(caller) == {"customer_code": "TEA"}
    assert len(contracts(caller)) == 1


def test_new_data_of_a_used_contract_make_another_that_takes_its_place(owner, caller):
    caller.store(an_order())
    assert caller.ship(ship_with=_postnl()).status_code == 201
    page = owner.get(f"{OWN}data/")

    answer = owner.post(f"{OWN}data/", {"field_customer_code": "KZ", "stamp": stamp_on(page)})

    assert answer.status_code == 303
    [now] = contracts(caller)
    assert answer.headers["location"] == f"{PATH}{now.id}/"
    assert now.id != 1517
    assert "takes the place of 1517" in text_of(owner.get(answer.headers["location"]))


def test_a_contract_is_renamed_and_put_aside(owner, caller):
    answer = owner.post(OWN, {"name": "Winter", "stamp": stamp_on(owner.get(OWN))})

    assert answer.status_code == 303
    assert (contract(caller).name, contract(caller).state) == ("Winter", "inactive")
    assert newest_entry(caller).details == {"name": "Test → Winter", "is_active": "yes → no"}


def test_a_name_that_is_too_long_stays_in_the_form(owner, caller):
    answer = owner.post(OWN, {"name": "x" * 51, "stamp": stamp_on(owner.get(OWN))})

    assert answer.status_code == 422
    assert "at most 50 characters" in beside(answer, "name")
    assert "x" * 51 in answer.text
    assert contract(caller).name == "Test"


def test_the_second_of_two_people_is_told_what_differs(owner, caller):
    page = owner.get(OWN)
    owner.post(OWN, {"name": "Winter", "is_active": "on", "stamp": stamp_on(page)})

    second = owner.post(OWN, {"name": "Summer", "is_active": "on", "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "Winter Summer" in text_of(second)
    assert contract(caller).name == "Winter"
    assert owner.post(f"{OWN}data/", {"field_customer_code": "KZ", "stamp": stamp_on(page)}).status_code == 409
    assert owner.post(f"{OWN}switch/", {"to": "live", "stamp": stamp_on(page)}).status_code == 409
    assert data_of(caller) == {"customer_code": "TEA"}


def test_a_contract_goes_live_only_with_numbers_for_it(owner, caller):
    refused = owner.post(f"{OWN}switch/", {"to": "live", "stamp": stamp_on(owner.get(OWN))})
    owner.post(f"{OWN}numbers/", {"first": "20000000", "last": "20000099", "kind": "live"})
    live = owner.post(f"{OWN}switch/", {"to": "live", "stamp": stamp_on(owner.get(OWN))})

    assert refused.status_code == 422
    assert "no number range for live parcels" in text_of(refused)
    assert live.status_code == 303
    assert contract(caller).is_live
    assert (newest_entry(caller).action, newest_entry(caller).details) == ("contract.live", {"is_live": "test → live"})
    assert owner.post(f"{OWN}switch/", {"to": "test", "stamp": stamp_on(owner.get(OWN))}).status_code == 303
    assert not contract(caller).is_live


def test_another_contract_becomes_the_default(owner, caller):
    added = owner.post(f"{PATH}new/", {"carrier": "postnl", "field_customer_code": "KZ", "is_active": "on"})
    path = added.headers["location"]

    answer = owner.post(f"{path}default/", {"stamp": stamp_on(owner.get(path))})

    assert answer.status_code == 303
    assert [each.is_default for each in contracts(caller)] == [False, True]


def test_numbers_are_added(owner, caller):
    answer = owner.post(f"{OWN}numbers/", {"first": "20000000", "last": "20000099", "kind": "test"})

    assert answer.status_code == 303
    assert [(each.first, each.last, each.is_live) for each in ranges(caller)][-1] == (20_000_000, 20_000_099, False)
    assert newest_entry(caller).details == {"range": "20000000 to 20000099", "for": "test"}


@pytest.mark.parametrize(
    ("numbers", "field", "says"),
    [
        (("500", "600"), "first", "That range is 1 to 9999999, of the contract 1517."),
        (("9", "8"), "first", ""),
        (("", "8"), "first", "digits only"),
        (("1e3", "2e3"), "last", "digits only"),
        (("0", "8"), "first", "greater than or equal to 1"),
        (("20000000", "99999999999999999999"), "last", "digits only"),
    ],
)
def test_numbers_that_cannot_be_are_refused_and_stay_in_the_form(owner, caller, numbers, field, says):
    answer = owner.post(f"{OWN}numbers/", {"first": numbers[0], "last": numbers[1], "kind": "test"})

    assert answer.status_code == 422
    assert says in beside(answer, field)
    assert f'value="{numbers[0]}"' in answer.text
    assert 'value="Test"' in answer.text  # the name in the other form
    assert 'name="is_active" value="on" checked' in answer.text
    assert len(ranges(caller)) == 1


def test_numbers_that_run_out_are_warned_about(owner, caller):
    form = {"carrier": "postnl", "field_customer_code": "KZ", "is_active": "on", "is_default": "on"}
    path = owner.post(f"{PATH}new/", form).headers["location"]
    assert "It has no numbers yet" in text_of(owner.get(path))
    owner.post(f"{path}numbers/", {"first": "1", "last": "2", "kind": "test"})
    assert "run out" not in text_of(owner.get(PATH))

    caller.store(an_order())
    assert caller.ship(ship_with=_postnl()).status_code == 201

    page = text_of(owner.get(PATH))
    assert "The numbers of PostNL run out. Ask PostNL for more" in page
    assert "at the rate of the last 14 days" in page


def test_removing_says_what_uses_the_contract_and_loses_nothing(owner, caller):
    caller.store(an_order())
    shipped = caller.ship(ship_with=_postnl())
    assert shipped.status_code == 201
    with caller.installation.database.write() as transaction:
        account = get_account(transaction, 1)
        update_account(transaction, replace(account, defaults=replace(account.defaults, contract_id=1517)))
        add_rule(transaction, 1, a_rule("use_contract 1517", name="To PostNL"), NOW)

    asked = owner.get(f"{OWN}remove/")
    answer = owner.post(f"{OWN}remove/", {"stamp": stamp_on(asked)})

    page = text_of(asked)
    assert "Parcels were shipped under it" in page
    assert "It stands in your defaults" in page
    assert "Shipping rule To PostNL" in page
    assert answer.status_code == 303
    assert contracts(caller) == []
    with caller.installation.database.read() as transaction:
        assert find_any_contract(transaction, 1, 1517) is not None
        assert get_account(transaction, 1).defaults.contract_id is None
    parcel = shipped.json()["data"][0]["parcel_id"]
    assert caller.client.get(f"/api/v3/parcels/{parcel}/documents/label").status_code == 200


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    renamed = owner.post(OWN, {"name": text, "stamp": "0"})
    numbers = owner.post(f"{OWN}numbers/", {"first": text, "last": text, "kind": text})
    added = owner.post(f"{PATH}new/", {"carrier": "postnl", "field_country": text})

    assert {renamed.status_code, numbers.status_code, added.status_code} <= {409, 422}
    for answer in (renamed, numbers, added):
        assert text not in answer.text or "<" not in text


def test_others_contracts_are_not_there(caller):
    stranger = a_stranger(caller)

    assert "TEA" not in stranger.get(PATH).text
    for path in (OWN, f"{OWN}data/", f"{OWN}remove/"):
        assert stranger.get(path).status_code == 404
    for path in (OWN, f"{OWN}data/", f"{OWN}remove/", f"{OWN}switch/", f"{OWN}default/", f"{OWN}numbers/"):
        assert stranger.post(path, {"name": "Mine", "first": "1", "last": "2"}).status_code == 404
    assert contract(caller).name == "Test"


def test_numbers_of_somebody_else_are_refused_without_naming_them(caller):
    other = a_caller(caller.installation, account_id=2, integration_id=71)
    stranger = person(caller.installation, "owner", account_id=2)
    form = {"carrier": "postnl", "field_customer_code": "TEA", "is_active": "on"}
    path = stranger.post(f"{PATH}new/", form).headers["location"]

    answer = stranger.post(f"{path}numbers/", {"first": "500", "last": "600", "kind": "test"})

    assert other.installation is caller.installation
    assert answer.status_code == 422
    assert "1517" not in answer.text


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_contracts(caller, who):
    somebody = person(caller.installation, who)

    for path in (PATH, OWN, f"{OWN}data/", f"{PATH}new/"):
        assert somebody.get(path).status_code == 403
    for path in (f"{OWN}numbers/", f"{OWN}switch/", f"{OWN}remove/"):
        assert somebody.post(path, {"to": "live"}).status_code == 403


def _postnl():
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}
