"""What of an address carriers put into their barcodes. What does not fit there is refused, with the field it is in."""

from kolli.errors import Impossible
from kolli.values import Address, country_numeric

POSTAL_CODE, COUNTRY = "recipient.postal_code", "recipient.country_code"


def bare_postal_code(address: Address) -> str:
    """The recipient's postal code as machines have it: capitals and digits only, without spaces, dots and dashes.

    Impossible when there is anything else in it.
    """
    bare = "".join(character for character in address.postal_code if character not in " .-").upper()
    if not (bare.isascii() and (bare.isalnum() or not bare)):
        raise Impossible(
            f"The recipient's postal code {address.postal_code!r} has other characters than letters and digits,"
            " which the carrier's barcode has no place for. Correct it.",
            field=POSTAL_CODE,
            details={"value": address.postal_code},
        )
    return bare


def postal_code_of(address: Address, longest: int, barcode: str) -> str:
    """The bare postal code; Impossible when it is longer than its place in a barcode, which is named."""
    bare = bare_postal_code(address)
    if len(bare) > longest:
        raise Impossible(
            f"The recipient's postal code {address.postal_code!r} has {len(bare)} characters, and {barcode} has room"
            f" for {longest}. Correct it, or choose another carrier.",
            field=POSTAL_CODE,
            details={"value": address.postal_code, "limit": longest},
        )
    return bare


def numeric_country_of(address: Address, barcode: str) -> str:
    """The country's three digits (ISO 3166-1 numeric); Impossible when it has none."""
    numeric = country_numeric(address.country_code)
    if not numeric:
        raise Impossible(
            f"The recipient's country {address.country_code!r} has no number in ISO 3166-1, which {barcode} needs."
            " Choose another carrier.",
            field=COUNTRY,
            details={"value": address.country_code},
        )
    return numeric
