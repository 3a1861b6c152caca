"""What every page is made with: templates in the reader's language, times in their zone, files that may be cached."""

import gettext
import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as Filled

from kolli.values import COUNTRY_CODES

HERE = Path(__file__).parent

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages there is a catalogue of, and English, which the catalogues translate."""

UTC = ZoneInfo("UTC")


def preferred_language(accepted: str) -> str:
    """The first language of an `Accept-Language` header that there is; English where none is. RFC 9110, 12.5.4."""
    wanted: list[tuple[float, str]] = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        wanted.append((-weight + place / 1000, tag[:2].lower()))
    return next((language for _, language in sorted(wanted) if language in LANGUAGES), "en")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts of the panel in a language; English is what stands in the code."""
    folder = HERE / "locale" / language
    found = sorted(folder.glob("*.po")) if folder.is_dir() else []
    merged: gettext.NullTranslations = gettext.NullTranslations()
    for path in found:
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language))
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
        translations.add_fallback(merged)
        merged = translations
    return merged


@cache
def environment(language: str) -> Environment:
    """The templates, with their texts in this language."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    texts = catalogue(language)
    made.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext, npgettext=texts.npgettext
    )
    made.globals["static"] = static
    made.filters.update(FILTERS)
    return made


@cache
def static(name: str) -> str:
    """The address of a file of the panel's own: another one for every content, so that browsers may keep it."""
    content = (HERE / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def zones_of(country_code: str) -> tuple[ZoneInfo, ...]:
    """The time zones of a country if its clocks agree; none where they do not, or where this machine knows none."""
    names = sorted(name for name, country in get_global("zone_territories").items() if country == country_code)
    zones = []
    for name in names:
        try:
            zones.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            return ()
    moments = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7)] if zones else []
    agree = all(len({moment.astimezone(zone).utcoffset() for zone in zones}) == 1 for moment in moments)
    return tuple(zones) if agree else ()


@cache
def time_zones() -> tuple[str, ...]:
    """The time zones that people can choose, by name: `Europe/Amsterdam`."""
    known = available_timezones()
    return tuple(sorted(zone for zone in known if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))))


@cache
def locale_of(language: str) -> Locale:
    """How numbers and days are written in a language; English as in Europe, with days before months."""
    return Locale.parse("en_GB" if language == "en" else language)


@cache
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """Every country by its code and name, in the reader's language and sequence."""
    names = locale_of(language).territories
    return tuple(sorted(((code, str(names.get(code, code))) for code in COUNTRY_CODES), key=lambda pair: pair[1]))


def _localised(write: Callable[[datetime, Locale], str]) -> Callable[[Filled, datetime | None], str]:
    @pass_context
    def filtered(filled: Filled, moment: datetime | None) -> str:
        if moment is None:
            return ""
        zone: ZoneInfo = filled.get("zone", UTC)
        return write(moment.astimezone(zone), locale_of(filled.get("language", "en")))

    return filtered


@pass_context
def _number(filled: Filled, value: Any) -> str:
    return str(format_decimal(value, locale=locale_of(filled.get("language", "en"))))


@cache
def _territories(language: str) -> dict[str, str]:
    return dict(locale_of(language).territories)


@pass_context
def _country(filled: Filled, code: str) -> str:
    return _territories(filled.get("language", "en")).get(code, code)


FILTERS: dict[str, Callable[..., str]] = {
    "moment": _localised(lambda moment, locale: format_datetime(moment, "d MMM y, HH:mm", locale=locale)),
    "day": _localised(lambda moment, locale: format_date(moment, "d MMM y", locale=locale)),
    "clock": _localised(lambda moment, locale: format_time(moment.time(), "HH:mm:ss", locale=locale)),
    "number": _number,
    "country": _country,
}
"""`24 Nov 2026, 14:05`; `24 Nov 2026`; `14:05:09`; `1,234.5`; `Netherlands`: as the reader writes them."""
