"""Shipping rules: what the account has decided about how orders are shipped, in the order in which it counts.

A rule is answered without a member around it, and so is a list of them. Source: the Shipping Rules section (beta,
2026-07); what it leaves open is in docs/compatibility.md.
"""

from collections.abc import Collection
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from kolli.api.bodies import decode
from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Rejected, problem
from kolli.api.pages import CURSOR, Cursor, invalid_cursor, link_header, neighbours, page_size, read_page_size
from kolli.api.v3.shipping_rule_document import (
    POINTERS,
    NewRule,
    Order,
    RuleAnswer,
    RuleChange,
    actions_of,
    answered,
    conditions_of,
    name_of_order,
)
from kolli.api.v3.shipping_rule_properties import (
    OperatorAnswer,
    PropertyAnswer,
    list_actions,
    list_conditions,
    list_operators,
    retrieve_action,
    retrieve_condition,
)
from kolli.errors import Invalid, InvalidChoice
from kolli.operations.context import Context
from kolli.operations.known import known_to
from kolli.rules.model import Rule
from kolli.rules.queries import add_rule, get_rule, list_rules, remove_rule, reorder, update_rule
from kolli.rules.validation import Known, normalised, problems

READ, WRITE = "read:shipping-rule", "write:shipping-rule"
PATH = "/api/v3/shipping-rules/rules"

LARGEST_PAGE = 200
"""Rules on a page, also where nobody says how many. Source: Shipping Rules, `page_size`."""

TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def list_all_rules(request: Request, context: Context) -> Answer:
    """One page of the account's rules, in the order in which they are run; without a filter, inactive ones too."""
    active = _read_active(request.query)
    cursor = Cursor.parse(request.query.get("cursor"))
    size = read_page_size(request.query.get("page_size"), usual=LARGEST_PAGE, largest=LARGEST_PAGE)
    with context.database.read() as transaction:
        known = _known(transaction, context)
        rules = [rule for rule in list_rules(transaction, context.account_id) if active in {None, rule.is_active}]
    start, end = _span(rules, cursor, size)
    shown = rules[start:end]
    before, behind = neighbours(
        [(rule.position,) for rule in shown], more_before=start > 0, more_behind=end < len(rules)
    )
    data = [answered(rule, known) for rule in shown]
    return Answer(200, data, link_header(context.installation.public_url + PATH, request.query, before, behind))


def _span(rules: list[Rule], cursor: Cursor, size: int) -> tuple[int, int]:
    """Which of the rules stand on a page: from, and up to but without."""
    if cursor.backwards:
        limit = _read_position(cursor, len(rules) and rules[-1].position + 1)
        end = max(0, sum(rule.position < limit for rule in rules) - cursor.offset)
        return max(0, end - size), end
    limit = _read_position(cursor, 0)
    start = min(len(rules), sum(rule.position <= limit for rule in rules) + cursor.offset)
    return start, min(len(rules), start + size)


def _read_position(cursor: Cursor, otherwise: int) -> int:
    match cursor.position:
        case ():
            return otherwise
        case (text,) if text.isascii() and text.isdigit() and len(text) < 20:
            return int(text)
    raise invalid_cursor()


def _read_active(query: QueryParams) -> bool | None:
    text = query.get("active")
    if not text:
        return None
    if text.lower() not in TRUTHS:
        detail = f"Input should be a valid boolean, true or false, not {text[:20]!r}"
        raise Rejected(400, [problem(INVALID, detail, parameter="active")])
    return TRUTHS[text.lower()]


def retrieve_rule(request: Request, context: Context) -> Answer:
    """One rule."""
    with context.database.read() as transaction:
        rule = get_rule(transaction, context.account_id, request.id)
        data = answered(rule, _known(transaction, context))
    return Answer(200, data)


_NEW = TypeAdapter(NewRule)
_CHANGE = TypeAdapter(RuleChange)
_ORDER = TypeAdapter(Order)


def create_rule(request: Request, context: Context) -> Answer:
    """Adds a rule at the end of the list, so that it overrules those before it.

    Conditions and actions are those that `/shipping-rules/conditions` and `/shipping-rules/actions` list.
    """
    sent = request.read(_NEW, POINTERS)
    made = Rule(
        id=context.installation.sequences.take_id(),
        name=sent.name,
        conditions=conditions_of(sent.criteria),
        actions=actions_of(sent.actions),
        is_and=sent.criteria.is_and,
        is_active=sent.is_active,
    )
    known = _known_now(context)
    _check(made, known, NewRule.model_fields.keys())
    with context.write() as transaction:
        added = add_rule(transaction, context.account_id, normalised(made), context.now())
    return Answer(201, answered(added, known))


def change_rule(request: Request, context: Context) -> Answer:
    """Changes what the body names in a rule, and leaves the rest as it was, its place in the list too.

    Only what is named is looked at: a rule that has become invalid can be renamed, or made inactive.
    """
    sent = request.read(_CHANGE, POINTERS)
    known = _known_now(context)
    with context.write() as transaction:
        changed = _changed(get_rule(transaction, context.account_id, request.id), sent)
        _check(changed, known, sent.model_fields_set)
        stored = update_rule(transaction, context.account_id, normalised(changed), context.now())
    return Answer(200, answered(stored, known))


def _changed(rule: Rule, sent: RuleChange) -> Rule:
    named = sent.model_fields_set
    if "name" in named:
        rule = replace(rule, name=sent.name)
    if "criteria" in named:
        rule = replace(rule, is_and=sent.criteria.is_and, conditions=conditions_of(sent.criteria))
    if "actions" in named:
        rule = replace(rule, actions=actions_of(sent.actions))
    return replace(rule, is_active=sent.is_active) if "is_active" in named else rule


def delete_rule(request: Request, context: Context) -> Answer:
    """Removes a rule. Those behind it move up; what it has decided before stays as it was."""
    with context.write() as transaction:
        remove_rule(transaction, context.account_id, request.id)
    return Answer(204)


def reorder_rules(request: Request, context: Context) -> Answer:
    """Has the account's rules run in another order, and answers with all of them in that order.

    The body is the list of their ids, each of them once: a list that leaves one out, or names one that is not there any
    more, is refused, and nothing has changed then. The list can also stand in a member `rules` or `ids`.
    """
    pointers = replace(POINTERS, root=f"/{name}") if (name := name_of_order(decode(request.body))) else POINTERS
    ids = request.read(_ORDER, pointers)
    known = _known_now(context)
    with context.write() as transaction:
        try:
            reorder(transaction, context.account_id, ids)
        except Invalid as error:
            raise Rejected(400, [problem(INVALID, error.message, pointers.root)]) from error
        rules = list_rules(transaction, context.account_id)
    return Answer(200, [answered(rule, known) for rule in rules])


def _known(transaction: Connection, context: Context) -> Known:
    """What rules of the account can refer to now."""
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    return known_to(transaction, context.account_id, catalogue)


def _known_now(context: Context) -> Known:
    """The same, read before a change: to work it out takes a while where there are thousands of rules.

    What is removed in between makes a rule invalid, as it would a moment later.
    """
    with context.database.read() as transaction:
        return _known(transaction, context)


def _check(rule: Rule, known: Known, named: Collection[str]) -> None:
    """Raises every problem with those members of a rule that are named."""
    found = [one for one in problems(rule, known) if one.field.partition(".")[0] in named]
    if found:
        raise Rejected(
            400,
            [
                problem(WIRE[InvalidChoice] if one.is_choice else INVALID, one.message, POINTERS.of_field(one.field))
                for one in found
            ],
        )


_ACTIVE = Parameter("active", "Only rules that are active, or only those that are not.", {"type": "boolean"})

ROUTES = [
    Endpoint(
        "GET",
        "/shipping-rules/rules",
        list_all_rules,
        "Retrieve a list of shipping rules",
        scope=READ,
        parameters=[_ACTIVE, page_size(LARGEST_PAGE, LARGEST_PAGE), CURSOR],
        answers={200: list[RuleAnswer]},
        errors=[404],
    ),
    Endpoint(
        "POST",
        "/shipping-rules/rules",
        create_rule,
        "Create a shipping rule",
        POINTERS,
        scope=WRITE,
        body=_NEW,
        answers={201: RuleAnswer},
    ),
    Endpoint(
        "GET",
        "/shipping-rules/rules/{id:int}",
        retrieve_rule,
        "Retrieve a shipping rule",
        scope=READ,
        answers={200: RuleAnswer},
    ),
    Endpoint(
        "PATCH",
        "/shipping-rules/rules/{id:int}",
        change_rule,
        "Update a shipping rule",
        POINTERS,
        scope=WRITE,
        body=_CHANGE,
        answers={200: RuleAnswer},
    ),
    Endpoint(
        "DELETE",
        "/shipping-rules/rules/{id:int}",
        delete_rule,
        "Delete a shipping rule",
        scope=WRITE,
        answers={204: None},
    ),
    Endpoint(
        "POST",
        "/shipping-rules/rules/reorder",
        reorder_rules,
        "Change the order of shipping rules",
        POINTERS,
        scope=WRITE,
        body=_ORDER,
        answers={200: list[RuleAnswer]},
        is_repeatable=True,
    ),
    Endpoint(
        "GET",
        "/shipping-rules/conditions",
        list_conditions,
        "Retrieve a list of condition properties",
        scope=READ,
        answers={200: list[PropertyAnswer]},
    ),
    Endpoint(
        "GET",
        "/shipping-rules/conditions/{identifier}",
        retrieve_condition,
        "Retrieve a condition property",
        scope=READ,
        answers={200: PropertyAnswer},
    ),
    Endpoint(
        "GET",
        "/shipping-rules/operators",
        list_operators,
        "Retrieve a list of operators",
        scope=READ,
        answers={200: list[OperatorAnswer]},
    ),
    Endpoint(
        "GET",
        "/shipping-rules/actions",
        list_actions,
        "Retrieve a list of actions",
        scope=READ,
        answers={200: list[PropertyAnswer]},
    ),
    Endpoint(
        "GET",
        "/shipping-rules/actions/{identifier}",
        retrieve_action,
        "Retrieve an action",
        scope=READ,
        answers={200: PropertyAnswer},
    ),
]
