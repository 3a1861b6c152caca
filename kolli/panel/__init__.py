"""The pages people see in a browser."""

from kolli.panel.pages import STATIC
from kolli.panel.tracking import TRACKING_PAGE

PAGES = (TRACKING_PAGE,)
"""Every page there is."""

__all__ = ["PAGES", "STATIC"]
