"""Where an address is, as far as the service points that are known tell: by its postal code, or by its city.

There is no map of streets here. So nothing is ever said to be found to the street: an answer says how near it comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from kolli.service_points.geometry import Position, middle_of
from kolli.service_points.model import KnownPoint, search_key
from kolli.service_points.search import places_beginning, places_called
from kolli.values import country_in_english

Precision = Literal["postal_code", "city", "region"]

MOST_WORDS = 30
LONGEST_NAME = 5
"""Words of a city's name: Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson is rare."""

CITY_METRES = 40_000
REGION_METRES = 150_000
"""Farther from their middle than this, places of the same name are several places."""

LONGEST_POSTAL_CODE = 10
SHORTEST_REGION = 2


@dataclass(frozen=True)
class Asked:
    """An address as somebody asks about it: as one text, or in parts."""

    text: str = ""
    street: str = ""
    house_number: str = ""
    postal_code: str = ""
    city: str = ""


@dataclass(frozen=True)
class Place:
    """Where an address is, roughly. `is_whole` is true when everything that was asked about has been found."""

    position: Position
    precision: Precision
    text: str
    is_whole: bool


@dataclass(frozen=True)
class _Names:
    """What may be a postal code, and what may be a city; the last one is the likeliest. `rest` may be neither."""

    postal_keys: tuple[str, ...]
    city_keys: tuple[str, ...]
    rest: frozenset[str]  # the keys of all words that were asked about

    def is_whole(self, *found: str) -> bool:
        return all(any(word in key for key in found) for word in self.rest)


def locate(transaction: Connection, country_code: str, asked: Asked) -> Place | None:
    """Where an address is; None when no service point is known to be there."""
    names = _names_in_text(asked.text) if asked.text else _names_in_parts(asked)
    country = country_in_english(country_code)
    in_cities = places_called(transaction, country_code, "city_key", names.city_keys) if names.city_keys else []
    city = _last(names.city_keys, [point.city for point in in_cities])
    found = _by_postal_code(transaction, country_code, names)
    if found is not None:
        points, text, is_exact = found
        same = [point for point in points if search_key(point.city) == city] or points
        first = same[0]
        is_whole = is_exact and names.is_whole(search_key(text), search_key(first.city))
        return Place(_middle(same)[0], "postal_code", f"{text} {first.city}, {country}", is_whole)
    at_city = [point for point in in_cities if search_key(point.city) == city]
    if at_city:
        middle, spread = _middle(at_city)
        if spread <= CITY_METRES:
            return Place(middle, "city", f"{at_city[0].city}, {country}", names.is_whole(city))
    return _in_region(transaction, country_code, names)


def _by_postal_code(
    transaction: Connection, country_code: str, names: _Names
) -> tuple[list[KnownPoint], str, bool] | None:
    """Service points with the postal code, how it is written, and whether it is the whole code."""
    if not names.postal_keys:
        return None
    points = places_called(transaction, country_code, "postal_key", names.postal_keys)
    key = _last(names.postal_keys, [point.postal_code for point in points])
    if key:
        same = [point for point in points if search_key(point.postal_code) == key]
        return same, same[0].postal_code, True
    for key in reversed(names.postal_keys):
        area = _area(country_code, key)
        if area and (points := places_beginning(transaction, country_code, area)):
            return points, area.upper(), False
    return None


def _area(country_code: str, key: str) -> str:
    """The part of a postal code that is an area of its own: `5611` of `5611EM`, `SW1A` of `SW1A1AA`."""
    if country_code == "NL" and len(key) == 6:
        return key[:4]
    if country_code == "GB" and 5 <= len(key) <= 7:
        return key[:-3]
    return ""


def _in_region(transaction: Connection, country_code: str, names: _Names) -> Place | None:
    for key in reversed(names.postal_keys):
        for length in range(len(key) - 1, SHORTEST_REGION - 1, -1):
            points = places_beginning(transaction, country_code, key[:length])
            if points:
                middle, spread = _middle(points)
                if spread > REGION_METRES:
                    break
                return Place(middle, "region", f"{key[:length].upper()}, {country_in_english(country_code)}", False)
    return None


def _middle(points: Sequence[KnownPoint]) -> tuple[Position, float]:
    return middle_of([Position(point.latitude, point.longitude) for point in points])


def _last(keys: Sequence[str], texts: Sequence[str]) -> str:
    """The last of these keys that one of the texts has; empty when none has."""
    there = {search_key(text) for text in texts}
    return next((key for key in reversed(keys) if key in there), "")


def _names_in_parts(asked: Asked) -> _Names:
    postal_key, city_key = search_key(asked.postal_code), search_key(asked.city)
    rest = filter(None, (search_key(asked.street), search_key(asked.house_number), postal_key, city_key))
    return _Names(tuple(filter(None, [postal_key])), tuple(filter(None, [city_key])), frozenset(rest))


def _names_in_text(text: str) -> _Names:
    """Every run of neighbouring words that may be a name: those at the end come last, and the longer of them."""
    words = [key for word in text.replace(",", " ").split()[:MOST_WORDS] if (key := search_key(word))]
    postal, cities = [], []
    for end in range(1, len(words) + 1):
        for start in range(end - 1, max(end - LONGEST_NAME, 0) - 1, -1):
            name = "".join(words[start:end])
            cities.append(name)
            if len(name) <= LONGEST_POSTAL_CODE and end - start <= 2 and any(map(str.isdigit, name)) and len(name) > 2:
                postal.append(name)
    return _Names(tuple(postal), tuple(cities), frozenset(words))
