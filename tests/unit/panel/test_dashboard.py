"""The overview: its numbers, its plots with a table beside each, and what needs somebody's attention."""

import re

import pytest

from kolli.account.number_ranges import add_number_range
from tests.factories import a_caller, an_order
from tests.people import person, text_of


@pytest.fixture
def with_labels(caller):
    for number in ("ORDER-1", "ORDER-2", "ORDER-3"):
        caller.store(an_order(order_id=number, order_number=number))
    for number in ("ORDER-1", "ORDER-2"):
        assert caller.ship(order={"order_number": number}).status_code == 201
    return caller


def test_everybody_who_is_signed_in_sees_it(owner, packer, viewer, developer):
    assert [each.get("/panel/").status_code for each in (owner, packer, viewer, developer)] == [200] * 4


def test_a_new_account_has_an_overview_without_a_plot(owner):
    answer = owner.get("/panel/")

    assert '<svg class="plot"' not in answer.text
    assert text_of(answer).count("Nothing yet.") == 4


def test_it_says_how_many_labels_there_were_today_and_where_they_went(with_labels, owner):
    text = text_of(owner.get("/panel/"))

    expected = ["2 Labels today", "2 Labels in 30 days", "1 Orders to ship", "Sendcloud 2", "Netherlands 2"]
    assert [each for each in expected if each not in text] == []


def test_every_plot_has_a_name_a_description_and_its_numbers_in_a_table(with_labels, owner):
    page = owner.get("/panel/").text

    plots = re.findall(r'<svg class="plot"[^>]*role="img" aria-labelledby="([a-z-]+) ([a-z-]+)">', page)
    assert len(plots) == 4
    assert [name for pair in plots for name in pair if f'id="{name}"' not in page] == []
    assert page.count("Show the numbers") == page.count('<table class="numbers">') == 4


def test_no_plot_carries_a_style_or_a_script(with_labels, owner):
    page = owner.get("/panel/").text

    assert "style=" not in page
    assert "<script>" not in page


def test_what_went_wrong_is_grouped_and_leads_to_an_example(caller, owner):
    caller.store(an_order(order_number="ORDER-9"))
    answer = caller.client.post(
        "/api/v3/orders/create-label-sync",
        json={"integration_id": 70, "order": {"order_number": "ORDER-9"}},
        headers={"Sandbox-Scenario": "reject:address"},
    )
    assert answer.status_code == 400

    page = owner.get("/panel/")

    assert "1 attempt came to nothing." in text_of(page)
    assert 'href="/panel/inbox/?q=ORDER-9"' in page.text


def test_numbers_that_run_out_are_told_of(caller, owner):
    with caller.installation.database.write() as transaction:
        add_number_range(transaction, 1, 1517, 20_000_000, 20_000_001, is_live=True, vault=caller.installation.vault)
    caller.installation.sequences.take_all("contract 1517 live 20000000", 2)

    assert "100 % of its numbers are used." in text_of(owner.get("/panel/"))


def test_another_accounts_labels_are_not_in_it(with_labels):
    a_caller(with_labels.installation, account_id=2, integration_id=71)

    assert "0 Labels today" in text_of(person(with_labels.installation, "owner", account_id=2).get("/panel/"))


def test_the_page_is_light(with_labels, owner):
    assert len(owner.get("/panel/").content) < 60_000


def test_a_new_account_is_told_what_to_begin_with(owner, viewer):
    assert "Import orders from a file" in text_of(owner.get("/panel/"))
    assert "Import orders from a file" not in text_of(viewer.get("/panel/"))


def test_whoever_has_orders_is_not_told_to_import_some(caller, owner):
    caller.store(an_order())

    assert "Import orders from a file" not in text_of(owner.get("/panel/"))
