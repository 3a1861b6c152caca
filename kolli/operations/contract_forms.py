"""What a carrier asks for in a contract, and whether somebody has answered it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from kolli.account.contracts import LONGEST_NAME
from kolli.carriers.base import AsksForContracts, Carrier, ChecksContracts, ContractField
from kolli.errors import CarrierUnavailable, Impossible, Invalid, InvalidChoice, Missing, UnknownField, Unreachable
from kolli.values import COUNTRY_CODES

LONGEST_VALUE = 4_000
"""Characters of one answer, unless it stands on a list: long enough for a token."""

MOST_UNKNOWN = 100
"""Answers that nobody has asked for, of which the mistakes tell: a body can hold a hundred thousand."""

NAME, COUNTRY, CLIENT_ID = "name", "country", "client_id"

COMMON = (
    ContractField(NAME, "What you call this contract; without one it is called like the carrier.", is_required=False),
    ContractField(COUNTRY, "The country of the contract (ISO 3166-1 alpha-2).", is_required=False),
    ContractField(
        CLIENT_ID, "What the carrier knows you by, such as a customer number.", is_required=False, is_client_id=True
    ),
)
"""What every form asks for, unless the carrier asks for something of that name itself."""


@dataclass(frozen=True)
class FilledForm:
    """A form whose answers are as they should be. What is None was not answered."""

    data: Mapping[str, str] = field(repr=False)  # what the carrier asks for
    name: str | None
    country_code: str | None
    client_id: str | None


def form_of(carrier: Carrier) -> tuple[ContractField, ...]:
    """Everything that is asked for in a contract with a carrier. Impossible when there are no such contracts."""
    if not isinstance(carrier, AsksForContracts):
        raise Impossible(f"{carrier.name} needs no contract, and takes none.", field="carrier_code")
    own = carrier.contract_form
    names = {field.name for field in own}
    shows_client = any(field.is_client_id for field in own)
    return (
        *(field for field in COMMON if field.name not in names and not (field.is_client_id and shows_client)),
        *own,
    )


def mistakes_in(carrier: Carrier, answers: Mapping[str, object]) -> list[Invalid]:
    """What is wrong with a form, each by the name of its field. None of it repeats what was answered.

    Of answers that nobody has asked for only the first hundred are told about.
    """
    form = {field.name: field for field in form_of(carrier)}
    strange = islice((name for name in answers if name not in form), MOST_UNKNOWN)
    unknown = [UnknownField(_asks_for(carrier, form), field=name[:100]) for name in strange]
    return [*unknown, *(found for field in form.values() for found in _mistakes(field, answers.get(field.name)))]


def read_form(carrier: Carrier, answers: Mapping[str, object]) -> FilledForm:
    """The answers, sorted out. Raises the first of the mistakes in them, if there are any."""
    for mistake in mistakes_in(carrier, answers):
        raise mistake
    given = {name: str(value) for name, value in answers.items() if not _is_blank(value)}
    form = form_of(carrier)
    asked = {field.name for field in form if field not in COMMON}
    client = next((given.get(field.name) for field in form if field.is_client_id), None)
    country = given.get(COUNTRY)
    return FilledForm(
        data={name: value for name, value in given.items() if name in asked},
        name=given.get(NAME),
        country_code=country and country.upper(),
        client_id=client,
    )


def problem_with(carrier: Carrier, data: Mapping[str, str]) -> str | None:
    """What the carrier itself has against the data of a contract, in a sentence; None: nothing.

    Unreachable when it would have to be asked, and does not answer.
    """
    if not isinstance(carrier, ChecksContracts):
        return None
    try:
        return carrier.problem_with(data)
    except CarrierUnavailable as error:
        raise Unreachable(f"{carrier.name} could not check the contract: {error.message} Try again later.") from error


def _mistakes(field: ContractField, answer: object) -> Iterator[Invalid]:
    if _is_blank(answer):
        if field.is_required:
            yield Missing(field=field.name)
        return
    if not isinstance(answer, str):
        yield Invalid("Input should be a valid string", field=field.name)
        return
    longest = LONGEST_NAME if field.name == NAME else LONGEST_VALUE
    if len(answer) > longest:
        yield Invalid(f"String should have at most {longest} characters", field=field.name)
    elif not answer.isprintable():
        yield Invalid("This text has control characters or line breaks. Leave them out.", field=field.name)
    elif wrong := _wrong_choice(field, answer):
        yield InvalidChoice(wrong, field=field.name)


def _is_blank(answer: object) -> bool:
    """Whether it is no answer: nothing of it is checked, and nothing of it kept."""
    return answer is None or (isinstance(answer, str) and not answer.strip())


def _wrong_choice(field: ContractField, answer: str) -> str | None:
    choices = ("true", "false") if field.type == "boolean" else tuple(field.choices)
    if field.type != "string" and answer not in choices:
        return f"This is none of the choices: {', '.join(choices)}."
    if field.name == COUNTRY and answer.upper() not in COUNTRY_CODES:
        return "This is no country code of ISO 3166-1 alpha-2, such as NL."
    return None


def _asks_for(carrier: Carrier, form: Mapping[str, ContractField]) -> str:
    return f"{carrier.name} asks for nothing of this name in a contract, but for: {', '.join(form)}."
