"""The pages people see in a browser, and the pictures on them."""

from kolli.panel.explorer import EXPLORER_PAGE
from kolli.panel.pages import STATIC, Page
from kolli.panel.pictures import LOGO, Logo
from kolli.panel.start import START_PAGE
from kolli.panel.tracking import TRACKING_PAGE

PAGES: tuple[Page | Logo, ...] = (START_PAGE, TRACKING_PAGE, EXPLORER_PAGE, LOGO)
"""Every page there is."""

__all__ = ["PAGES", "STATIC"]
