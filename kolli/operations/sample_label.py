"""A label of nothing, to see how a sender address and a brand look on one. Nothing is stored or booked."""

from decimal import Decimal

from kolli.account.brands import Brand
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.render import A6, render
from kolli.drawing import Drawing
from kolli.operations.context import Context
from kolli.values import Address, Weight

BAND = "SAMPLE"

USUAL_SENDER = Address("Your shop", "Main Street", "1000 AA", "Your city", "NL", house_number="1")
"""Who sends it where no address is there yet."""

_RECIPIENT = Address("Femke de Vries", "Oudezijds Voorburgwal", "1012 GJ", "Amsterdam", "NL", house_number="218")


def sample_label(sender: Address, brand: Brand | None, context: Context) -> bytes:
    """The label as a picture. Raises like `draw_sample`."""
    page = draw_sample(sender, brand, context)
    return render([page], "image/png", 150, context.installation.fonts)


def draw_sample(sender: Address, brand: Brand | None, context: Context) -> Drawing:
    """The label of a parcel from here; DoesNotFit or NotDrawable, naming the field, when it cannot be drawn."""
    logo = brand.logo_sha256 if brand else None
    content = LabelContent(
        sender=sender,
        recipient=_RECIPIENT,
        carrier_name="Carrier",
        service_name="Shipping option",
        tracking_number="SAMPLE000000001",
        order_number="ORDER-1",
        weight=Weight(Decimal("1.2"), "kg"),
        shipped_on=context.now().date(),
        logo=context.installation.image(context.account_id, logo) if logo else None,
        brand_name=brand.name if brand else "",
        band=BAND,
    )
    return lay_out(content, A6, context.installation.fonts)
