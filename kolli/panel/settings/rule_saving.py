"""What somebody has written as a rule becomes one: checked as the API checks it, and nobody's change vanishes."""

from dataclasses import replace

from pydantic import TypeAdapter

from kolli.account.sent_forms import take_form
from kolli.api.v3.shipping_rule_document import NewRule
from kolli.operations.context import Context
from kolli.panel.forms import Problems, checked
from kolli.panel.settings.changes import Stale, stamp_of
from kolli.panel.settings.once import SentBefore
from kolli.panel.web import PanelRequest
from kolli.rules.explanation import sentence
from kolli.rules.model import Rule
from kolli.rules.queries import add_rule, find_rule, update_rule
from kolli.rules.validation import Known, normalised, problems

_SCHEMA = TypeAdapter(NewRule)


def known_now(context: Context) -> Known:
    """What rules of the account can refer to."""
    with context.database.read() as transaction:
        return context.installation.configurations.of(transaction, context.account_id).known


def stamp(rule: Rule | None) -> str:
    """What a form carries that was filled from this rule."""
    return stamp_of(rule.id, rule.revision) if rule else ""


def check(rule: Rule, known: Known) -> Problems:
    """Everything that is wrong with a rule, by the names of the form's fields."""
    found = Problems()
    names = _names(rule)
    document = {
        "name": rule.name,
        "criteria": {
            "is_and": rule.is_and,
            "conditions": [
                {"property": each.property, "operator": each.operator, "compare_to": each.compare_to}
                for each in rule.conditions
            ],
        },
        "actions": [{"identifier": each.identifier, "value": each.value} for each in rule.actions],
        "is_active": rule.is_active,
    }
    told = {problem.field: problem.message for problem in problems(rule, known)}
    for field, message in told.items():
        found.add(names.get(field, ""), message)
    if not told:  # what our own words do not cover, the schema of the API does
        checked(_SCHEMA, document, names, found)
    return found


def _names(rule: Rule) -> dict[str, str]:
    names = {"name": "name", "actions": "actions", "criteria.conditions": "conditions"}
    for place in range(len(rule.conditions)):
        for member in ("property", "operator", "compare_to"):
            names[f"criteria.conditions.{place}.{member}"] = f"c{place}.{member}"
    for place in range(len(rule.actions)):
        for member in ("identifier", "value"):
            names[f"actions.{place}.{member}"] = f"a{place}.{member}"
    return names


def store(rule: Rule, form_key: str, given_stamp: str, request: PanelRequest) -> None:
    """Stores a rule that was checked: a new one at the end of the list, once for a form, or the one it changes.

    SentBefore when it was; Stale, and nothing stored, when it is not the rule any more that the form was filled from.
    """
    context, rule = request.context, normalised(rule)
    if rule.id == 0:
        added = replace(rule, id=context.installation.sequences.take_id())
        with request.write("rule.add", rule.name, now=sentence(rule)) as transaction:
            if not take_form(transaction, request.account_id, form_key, context.now()):
                raise SentBefore
            add_rule(transaction, request.account_id, added, context.now())
        return
    with context.database.read() as transaction:
        stored = find_rule(transaction, request.account_id, rule.id)
    if stored is None or given_stamp != stamp(stored):
        raise Stale
    with request.write("rule.change", rule.name, was=said(stored), now=said(rule)) as transaction:
        if stamp(find_rule(transaction, request.account_id, rule.id)) != given_stamp:
            raise Stale
        update_rule(transaction, request.account_id, rule, context.now())


def said(rule: Rule) -> str:
    """A rule as the audit trail has it."""
    return f"{rule.name}{'' if rule.is_active else ' (off)'}: {sentence(rule)}"
