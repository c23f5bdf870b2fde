"""Seals a page: only the scripts it was written with run, and nothing is fetched."""

import base64
import hashlib
from collections.abc import Iterable
from html.parser import HTMLParser

_RUNS = {None, "", "text/javascript", "module"}
_HEAD = "<head>"


def seal(page: str, images_of: Iterable[str] = (), *, asks: bool = False) -> str:
    """Return the page with a content security policy in front of everything else.

    Every inline script is named by its SHA-256, so that a script which got in by way of a
    value does not run; ``default-src 'none'`` forbids every request. A worker starts from a blob
    alone, which only a script of the page can make.

    Parameters
    ----------
    page : str
        A whole document.
    images_of : iterable of str
        Servers that pictures may be asked for, as ``https://host``: such a page is not sealed.
    asks : bool, default False
        Whether the page may ask the service that it came from.
    """
    # Browsers hash what the parser hands them, and the parser knows one line end only.
    page = page.replace("\r\n", "\n").replace("\r", "\n")
    scripts = dict.fromkeys(inline_scripts(page))
    sources = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    connect = "connect-src 'self'; " if asks else ""
    policy = (
        f"default-src 'none'; img-src {' '.join(['data:', 'blob:', *images_of])}; "
        "style-src 'unsafe-inline'; worker-src blob:; "
        f"{connect}script-src {sources}; base-uri 'none'; form-action 'none'"
    )
    meta = f'\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace(_HEAD, _HEAD + meta, 1)


def inline_scripts(page: str) -> list[str]:
    """Return the text of every script of a page that a browser would run."""
    finder = _ScriptFinder()
    finder.feed(page)
    finder.close()
    return finder.found


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


class _ScriptFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = dict(attrs).get("type") in _RUNS
            if self._inside:
                self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data
