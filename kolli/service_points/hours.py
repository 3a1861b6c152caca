"""When a service point is open: read as people write it, and looked up in the time of the place."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from kolli.errors import Invalid
from kolli.service_points.model import WEEKDAYS, Shift, Week

MIDNIGHT = 24 * 60

_SHIFT = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DASH = re.compile(r"\s*[-\u2013]\s*")
_DIVIDERS = re.compile(r"[\s,;]+")

_ISLANDS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "ES": ((-12_000_000, "Atlantic/Canary"), (180_000_000, "Europe/Madrid")),
    "PT": (
        (-20_000_000, "Atlantic/Azores"),
        (-12_000_000, "Atlantic/Madeira"),
        (180_000_000, "Europe/Lisbon"),
    ),
}
"""Countries whose islands in the Atlantic keep another time: up to which longitude, in millionths, which zone it is."""

_NOT_IN_CLDR = {"XK": "Europe/Belgrade"}


def shifts_from(text: str) -> tuple[Shift, ...]:
    """The hours of one day, such as `09:00-12:30 13:30-18:00`; Invalid when they are none, overlap or pass midnight."""
    shifts: list[Shift] = []
    for part in _DIVIDERS.split(_DASH.sub("-", text.strip())):
        found = _SHIFT.fullmatch(part)
        if found is None:
            raise Invalid(f"{text[:60]!r} are no hours. Write them as 09:00-12:30 13:30-18:00; leave it empty: closed.")
        hours, minutes, end_hours, end_minutes = map(int, found.groups())
        shifts.append(_shift(hours, minutes, end_hours, end_minutes, text))
    shifts.sort()
    for (_, end), (start, _) in pairwise(shifts):
        if start < end:
            raise Invalid(f"{text[:60]!r} has hours that overlap.")
    return tuple(shifts)


def _shift(hours: int, minutes: int, end_hours: int, end_minutes: int, text: str) -> Shift:
    start, end = hours * 60 + minutes, end_hours * 60 + end_minutes
    if minutes > 59 or end_minutes > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        raise Invalid(f"{text[:60]!r} has a time that is none. A day goes from 00:00 to 24:00.")
    if start >= end:
        raise Invalid(f"{text[:60]!r} ends before it begins. Hours past midnight belong to the next day.")
    return start, end


def clock_text(minutes: int) -> str:
    """Minutes after midnight as `HH:mm`. The end of the day is 23:59, as most programs know no 24:00."""
    minutes = min(minutes, MIDNIGHT - 1)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def next_opening(week: Week, time_zone: str, now: datetime) -> datetime | None:
    """When it opens next after this moment, in the time of the place; None when it never does."""
    here = now.astimezone(ZoneInfo(time_zone))
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    for days in range(8):
        day = midnight + timedelta(days=days)  # a day by the calendar, however many hours it has
        for start, _ in week.get(WEEKDAYS[day.weekday()], ()):
            opens = day.replace(hour=start // 60, minute=start % 60)
            if opens.astimezone(UTC) > now:
                return opens
    return None


def opens_tomorrow(week: Week, time_zone: str, now: datetime) -> bool:
    """Whether it is open at some time of the day after this moment's, in the time of the place."""
    tomorrow = now.astimezone(ZoneInfo(time_zone)) + timedelta(days=1)
    return bool(week.get(WEEKDAYS[tomorrow.weekday()]))


def time_zone_named(name: str) -> str:
    """A time zone by its name in the tz database, spelled exactly so; Invalid when this machine knows none."""
    if name not in available_timezones():
        raise Invalid(f"{name[:60]!r} is no time zone. Use a name of the tz database, such as Europe/Amsterdam.")
    return name


def time_zone_at(country_code: str, longitude: int) -> str:
    """The time zone of a place in a country with one; Invalid, and a wish for a name, where there are several.

    Source: Unicode CLDR through babel, and the tz database for which zones of a country show the same time.
    """
    for limit, name in _ISLANDS.get(country_code, ()):
        if longitude <= limit:
            return name
    zones = _zones(country_code)
    if len(zones) == 1:
        return zones[0]
    raise Invalid(f"{country_code} has more than one time zone. Name this one's, such as {', '.join(zones[:2])}.")


@cache
def _zones(country_code: str) -> tuple[str, ...]:
    """One name for each time that clocks of a country show in the course of a year."""
    if country_code in _NOT_IN_CLDR:
        return (_NOT_IN_CLDR[country_code],)
    known = available_timezones()
    times: dict[tuple[timedelta | None, ...], str] = {}
    for name, country in sorted(get_global("zone_territories").items()):
        if country == country_code and name in known:
            zone = ZoneInfo(name)
            times.setdefault(tuple(datetime(2026, month, 15, 12, tzinfo=zone).utcoffset() for month in (1, 7)), name)
    return tuple(times.values()) or ("Etc/UTC",)
