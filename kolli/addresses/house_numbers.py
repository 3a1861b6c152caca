"""Suggests which part of a street line is the house number. The line itself is kept: this is a suggestion.

Countries put the number before the street or behind it, and write flats, floors and stairs in their own words. What
each does comes from the examples on the addressing pages of the Universal Postal Union (one for each country, 2026) and
from the address patterns that posts publish; `tests/unit/addresses/hard_addresses.csv` has them as tests.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

NUMBER_FIRST = frozenset({"FR", "GB", "GG", "GI", "IE", "IM", "JE", "LU", "MC", "MT", "US", "CA", "AU", "NZ"})
"""Where the number stands before the street. Elsewhere it stands behind."""

SLASH_JOINS = frozenset({"CZ", "SK"})
"""Where `730/35` is one number: that of the house in its town, and that in its street."""

DASH_ADDS = frozenset({"EE", "LT", "LV", "NL"})
"""Where `20-3` is flat 3 of house 20; elsewhere `20-24` is a house that takes several numbers."""

LONGEST_LINE = 200
"""Characters of a line that is looked at. No street has more."""


class Confidence(StrEnum):
    """How sure a suggestion is."""

    HIGH = "high"
    """The number stands where this country puts it, and nothing else could be it."""

    MEDIUM = "medium"
    """Another number in the line could be it, or it stands where other countries put it."""


@dataclass(frozen=True)
class Split:
    """A street line in parts. `addition` is whatever belongs to the number: letter, flat, floor, stairs."""

    street: str
    house_number: str
    addition: str
    confidence: Confidence


_WORDS = """
    bis ter quater quinquies
    hs huis boven bov beneden bg begane grond hoog etage zwart rood wit ong verd
    bus bte boite boîte box b
    og eg dg ug hh vh hinterhaus vorderhaus seitenflügel stock stg stiege top tür haus links rechts li re mitte
    st kl tv th mf sal lejl lgh läg vån tr ög bv uv nb u h
    as bst krs porras rappu asunto
    izq izda izquierda dcha der derecha pta puerta piso bajo bjo entlo ático esc escalera portal local km s/n
    dto dt dir direito esq frt frente r/c rc cave andar fracção
    int interno scala sc p piano pal palazzina snc
    m lok lokal mieszkanie kl klatka pok
    em emelet fszt földszint ajtó lph lépcsőház a é
    bl bloc blok et ap apt apart app appt apartament sector mezzanine parter
    byt vchod vh blok poschodie patro
    вх ет ап бл όροφος ορ διαμ
    dz k korp korpus korpuss korter krt butas bt dzīv
    kat daire d no iç kapı
    flat unit suite office ste floor fl room lvl level entrance
"""
_ADDITION_WORDS = frozenset(_WORDS.casefold().split())
"""Words that come behind a house number and belong to it, in lower case and without full stops."""

_BEFORE_NUMBER = r"(?:nr|no|n\.|n[º°o]|núm|num|numero|number|č\.?\s?p|č|št|br|hausnr|huisnr|αρ|№|N°|Nº)"
_LABEL = re.compile(rf"[\s,]+{_BEFORE_NUMBER}[.:]?\s*$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"[^\s,;/\-–().]+")
_ROMAN = re.compile(r"[ivx]{1,5}", re.IGNORECASE)
_ORDINAL_BEHIND = re.compile(
    r"(?:\.\s*[^\W\d]{2,}|\s?[ºª°]|e\b|de\b|ste\b|er\b|ère\b|ème\b|st\b|nd\b|rd\b|th\b|:a\b|:e\b)"
)
_LETTERS = re.compile(r"[^\W\d_]")
_YEARS = re.compile(r"(?:1[5-9]|20)\d\d")
_BOX = re.compile(r"(?:postfach|postbus|p\.?\s?o\.?\s?box|b\.?p\.?|apartado|casella postale|boks|box)\b", re.IGNORECASE)
_SQUARE = re.compile(r"([A-Z] ?\d{1,2}),? (\d{1,3})\s?(.*)")
_IN_FRONT = re.compile(
    r"(?P<before>(?:[^,\s][^,]*,\s*)*)(?:(?:maison|house)\s)?(?P<number>\d+(?:\s?[-–]\s?\d+)?(?:/\d+)?)"
    r"(?P<addition>\s?[A-Za-z]\b|(?:\s|-)(?:bis|ter|quater)\b)?[\s,]+(?P<street>[^\W\d].*)",
    re.IGNORECASE,
)


def split_street(line: str, country_code: str) -> Split | None:
    """The likely parts of a street line in this country (ISO 3166-1 alpha-2); None when no number is to be seen.

    The parts hold what the line says, in its own spelling; only blanks and commas between them are gone.
    """
    text = " ".join(line[:LONGEST_LINE].split())
    if _BOX.match(text):
        return None
    ways = (_number_first, _number_last) if country_code in NUMBER_FIRST else (_number_last, _number_first)
    for way in ways:
        found = way(text, country_code)
        if found is not None:
            sure = found.confidence if way is ways[0] else Confidence.MEDIUM
            return Split(found.street, found.house_number, found.addition, sure)
    return None


def _number_first(text: str, country_code: str) -> Split | None:
    """`14 bis Rue du 8 Mai 1945`, `Flat 3, 12 High Street`."""
    found = _IN_FRONT.fullmatch(text)
    if found is None or _is_ordinal(text, found.end("number")):
        return None
    before = found["before"].strip(" ,")
    addition = " ".join(part for part in (before, (found["addition"] or "").strip(" -")) if part)
    others = _DIGITS.findall(found["street"]) if country_code not in NUMBER_FIRST else []
    return Split(found["street"], found["number"].replace(" ", ""), addition, _sure(unique=not others))


def _number_last(text: str, country_code: str) -> Split | None:
    """`Straße des 17. Juni 135 b`, `1e Helmersstraat 20-III`: the first number that only an addition follows."""
    if country_code == "DE" and (square := _SQUARE.fullmatch(text)):
        return Split(square[1], square[2], square[3], Confidence.HIGH)  # Mannheim counts squares, not streets
    passed = 0
    for found in _DIGITS.finditer(text):
        street = _street_before(text, found.start())
        if street is None or _is_ordinal(text, found.end()) or _is_year_of_a_name(text, found):
            passed += 1
            continue
        number, rest = _whole_number(text, found, country_code)
        if _is_addition(rest):
            later = _DIGITS.search(rest) is not None and _YEARS.fullmatch(found[0]) is not None
            return Split(street, number, rest.strip(" ,-–/."), _sure(unique=not later))
        passed += 1
    return None


def _street_before(text: str, place: int) -> str | None:
    """What stands before a number, if it can be a street: it has a letter, and the number is a word of its own."""
    if place == 0 or text[place - 1] not in " ,./-":
        return None
    before = text[:place]
    label = _LABEL.search(before)
    street = (before[: label.start()] if label else before).rstrip(" ,-/")
    return street if _LETTERS.search(street) else None


def _is_ordinal(text: str, end: int) -> bool:
    """Whether a number counts something that has a name: `17. Juni`, `1e Dwarsstraat`, `3º Congreso`."""
    behind = _ORDINAL_BEHIND.match(text, end)
    if behind is None:
        return False
    word = behind[0].strip(". ").casefold()
    rest = text[behind.end() :]
    if word in _ADDITION_WORDS or (text[end] == "." and _ROMAN.fullmatch(word)):
        return False
    return bool(_LETTERS.search(rest) or len(word) > 1)


def _is_year_of_a_name(text: str, found: re.Match[str]) -> bool:
    """Whether a number is a year in a street's name, which is so when another number follows: `Plein 1944 12`."""
    if text[found.start() - 1] in "-–" and _YEARS.fullmatch(found[0]):
        return True  # the second of `Laan 1940-1945 5`
    return _YEARS.fullmatch(found[0]) is not None and re.match(r"[\s,\-–]+\d", text[found.end() :]) is not None


def _whole_number(text: str, found: re.Match[str], country_code: str) -> tuple[str, str]:
    """The number with what makes it one, such as the end of a range, and what follows it."""
    joined = re.match(r"\s?(/|-|–)\s?(\d+)", text[found.end() :])
    is_joined = joined is not None and (
        country_code in SLASH_JOINS
        if joined[1] == "/"
        else country_code not in DASH_ADDS and int(joined[2]) > int(found[0])
    )
    end = found.end() + (joined.end() if joined and is_joined else 0)
    return text[found.start() : end].replace(" ", ""), text[end:]


def _is_addition(text: str) -> bool:
    """Whether all of a text can belong to a house number: letters, further numbers, and words for flats and floors."""
    return all(_can_be_added(token) for token in _TOKEN.findall(text))


def _can_be_added(token: str) -> bool:
    word = token.casefold()
    return (
        len(word) == 1
        or word in _ADDITION_WORDS
        or bool(_ROMAN.fullmatch(word))
        or bool(re.fullmatch(r"\d{1,4}[ºª°]?[^\W\d_]{0,2}|[a-z]{1,2}\d{1,4}|\d{1,2}(?:hoog|ème|ste)", word))
    )


def _sure(*, unique: bool) -> Confidence:
    return Confidence.HIGH if unique else Confidence.MEDIUM
