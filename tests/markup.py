"""What a page is made of, as a browser would read it: whether somebody else's text has become a part of it."""

from html.parser import HTMLParser

from httpx2 import Response

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "</td></table></main>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "</title></textarea><svg onload=alert(1)>",
)
"""Texts that break out of elements, attributes and templates where these are put together without care."""

RUNS = frozenset({"iframe", "object", "embed", "base"})


def what_runs(response: Response) -> list[str]:
    """Whatever on a page could run a script and is not a file of ours."""
    reader = _Reader()
    reader.feed(response.text)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        foreign_script = tag == "script" and not (known.get("src") or "").startswith("/static/")
        hooks = [name for name in known if name.startswith(("on", "hx-on")) or name == "style"]
        runs = [
            name
            for name, value in attrs
            if (value or "").strip().lower().startswith("javascript:")
            and name in {"href", "src", "action", "formaction"}
        ]
        foreign_image = tag == "img" and not (known.get("src") or "").startswith(("/panel/", "/static/"))
        if foreign_script or hooks or runs or foreign_image or tag in RUNS:
            self.found.append(f"{tag} {attrs}")
