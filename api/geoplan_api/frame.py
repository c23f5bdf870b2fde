"""What all pages share: head, the way around, the switch of languages, landmarks, foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from geoplan_api.assets import asset_path
from geoplan_api.html import Html, tag
from geoplan_api.words import HTML_LANG, word, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from geoplan.model import Lang
    from geoplan_api.links import Link

SECTIONS = (
    ("data", "/collections"),
    ("processes", "/processes"),
    ("jobs", "/jobs"),
    ("rules", "/rules"),
    ("map", "/map"),
    ("service-doc", "/api"),
)
"""The way around: keys of phrases (``link.…``) and paths."""
MAP_ASSETS = ("leaflet/leaflet.css", "leaflet/leaflet.js", "map.js")
"""What a page with a map needs."""
Crumb = tuple[str, str]
"""A page above this one: its title and path."""


@dataclass(frozen=True)
class View:
    """How a page is looked at.

    Attributes
    ----------
    lang : {"zh", "en"}
        The language to write in.
    here : str
        Path and query of the page.
    plan : str
        Title of the plan.
    credit : str
        Who made the data, as of which day.
    """

    lang: Lang
    here: str
    plan: str
    credit: str

    def say(self, key: str, **values: object) -> str:
        """Return a phrase in the language of the page."""
        return word(key, self.lang, **values)

    def unfilled(self, key: str) -> str:
        """Return a phrase whose ``{names}`` a script fills in."""
        return words(self.lang)[key]


def framed(
    view: View,
    title: str,
    *body: str | None,
    trail: Iterable[Crumb] = (),
    links: Iterable[Link] = (),
    assets: Iterable[str] = (),
) -> str:
    """Return a whole page.

    Parameters
    ----------
    view : View
        How it is looked at.
    title : str
        Its heading is the caller's; this is what the window is called.
    *body : str or None
        What stands in it.
    trail : iterable of Crumb
        The pages above, from the top.
    links : iterable of Link
        Those that are alternates or neighbours are named in the head, too.
    assets : iterable of str
        Styles and scripts beside those of every page.
    """
    page = tag(
        "body",
        tag("a", view.say("site.skip"), href="#main", class_="skip"),
        _header(view),
        tag("main", _trail(view, trail), *body, id="main", tabindex="-1"),
        tag("footer", tag("p", view.credit), class_="soft"),
    )
    head = _head(view, title, links, assets)
    return f"<!doctype html>\n{tag('html', head, page, lang=HTML_LANG[view.lang])}\n"


def _head(view: View, title: str, links: Iterable[Link], assets: Iterable[str]) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light"),
        tag("title", title if title == view.plan else f"{title} · {view.plan}"),
        tag("link", rel="icon", href=asset_path("icon.svg"), type="image/svg+xml"),
        *(_asset(name) for name in ("page.css", *assets)),
        *(
            tag("link", rel=one["rel"], type=one["type"], href=one["href"])
            for one in links
            if one["rel"] in ("alternate", "next")
        ),
    )


def _asset(name: str) -> Html:
    if name.endswith(".css"):
        return tag("link", rel="stylesheet", href=asset_path(name))
    return tag("script", src=asset_path(name), defer=True)


def _header(view: View) -> Html:
    path = view.here.partition("?")[0]
    ways = [
        tag(
            "li",
            tag(
                "a",
                view.say(f"link.{key}"),
                href=to,
                aria_current="true" if path == to or path.startswith(f"{to}/") else None,
            ),
        )
        for key, to in SECTIONS
    ]
    return tag(
        "header",
        tag("a", view.plan, href="/", class_="plan"),
        tag("nav", tag("ul", *ways), aria_label=view.say("site.ways")),
        _switch(view),
    )


def _switch(view: View) -> Html:
    """Return the link to the same page in the other language, written in that language."""
    other: Lang = "en" if view.lang == "zh" else "zh"
    to = "/language?" + urlencode({"to": other, "back": view.here})
    name = word("site.language", other)
    return tag("a", name, href=to, lang=HTML_LANG[other], hreflang=HTML_LANG[other], class_="lang")


def _trail(view: View, trail: Iterable[Crumb]) -> Html | None:
    steps = [tag("li", tag("a", title, href=path)) for title, path in trail]
    if not steps:
        return None
    first = tag("li", tag("a", view.say("page.home"), href="/"))
    return tag("nav", tag("ol", first, *steps), class_="trail", aria_label=view.say("site.trail"))


def table(heads: Iterable[Html], rows: Iterable[Html], caption: str, **attributes: str) -> Html:
    """Return a table that scrolls by itself when it is wider than the window.

    The caption is for those who hear the page; others see the heading above.
    """
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption, class_="unseen"),
            tag("thead", tag("tr", *heads)),
            tag("tbody", *rows),
            **attributes,
        ),
        class_="wide",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def heads(*texts: str, numbers: Collection[str] = ()) -> list[Html]:
    """Return the heads of columns; those of numbers stand where the numbers do."""
    return [
        tag("th", text, scope="col", class_="number" if text in numbers else None) for text in texts
    ]


def facts(rows: Iterable[tuple[str, str | None]], caption: str) -> Html:
    """Return a table of names and values, one a line; what is None is left out."""
    listed = [
        tag("tr", tag("th", name, scope="row"), tag("td", value))
        for name, value in rows
        if value is not None
    ]
    return tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("tbody", *listed),
        class_="facts",
    )


def link_list(links: Iterable[Link]) -> Html:
    """Return links of a JSON document as a list: every one of them can be followed."""
    return tag(
        "ul",
        *(
            tag("li", tag("a", one["title"], href=one["href"]), " ", tag("code", one["type"]))
            for one in links
        ),
        class_="links",
    )


def more(view: View, links: Iterable[Link], text: str | None = None) -> Html:
    """Return the last part of a page: where else to go, which paper does not need."""
    return tag(
        "section",
        tag("h2", view.say("page.more"), id="more"),
        tag("p", text) if text else None,
        link_list(links),
        class_="more",
        aria_labelledby="more",
    )
