"""Pages for people: self-contained, without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.html import Html, document, tag
from geoplan_api.links import collection_path, items_path
from geoplan_api.words import HTML_LANG, word

if TYPE_CHECKING:
    from geoplan.model import Lang, Layer
    from geoplan_api.service import Service

STYLE = """
:root { color-scheme: light; --ink: #1c2733; --soft: #5b6875; --line: #dde3e8; --link: #0b5394; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: #fff; line-height: 1.6;
  font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
    system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; }
a { color: var(--link); }
.soft { color: var(--soft); font-size: .92rem; }
.button { display: inline-block; margin: 1rem 0 0; padding: .55rem 1.1rem; border-radius: .4rem;
  background: var(--link); color: #fff; text-decoration: none; font-weight: 600; }
.button:focus-visible, a:focus-visible { outline: 3px solid #f2a900; outline-offset: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0;
  border-bottom: 1px solid var(--line); }
th { font-size: .85rem; color: var(--soft); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { background: #f2f5f7; border-radius: .3rem; padding: .1rem .35rem; font-size: .92em;
  overflow-wrap: anywhere; }
.swatch { display: inline-block; width: .9rem; height: .9rem; margin-right: .5rem;
  border-radius: .2rem; vertical-align: -.1rem; }
dl { margin: .2rem 0 0; } dt { float: left; clear: left; margin-right: .6rem; }
dd { margin: 0 0 .2rem 1.2rem; color: var(--soft); }
"""


def landing_page(service: Service, landing: dict[str, Any], lang: Lang) -> str:
    """Return the landing page of a plan: its layers, and links to everything else."""
    plan = service.catalogue.plan
    base = next(link["href"] for link in landing["links"] if link["rel"] == "data")
    base = base.removesuffix("/collections")
    rows = [_layer_row(service, layer, lang) for layer in service.catalogue.values()]
    return document(
        landing["title"],
        HTML_LANG[lang],
        STYLE,
        tag("h1", landing["title"]),
        tag("p", landing["description"]) if plan.note else None,
        tag("p", _small_print(service, lang), class_="soft"),
        tag("a", word("page.map", lang), href="/map", class_="button"),
        " ",
        tag("a", word("page.map-check", lang), href="/map?check=true", class_="button"),
        " ",
        tag("a", word("page.rules", lang), href="/rules", class_="button"),
        tag("h2", word("page.features", lang)),
        _table(_heads(lang, "layer", "kind", "count", "source", ""), rows),
        tag("h2", word("page.clients", lang)),
        tag("p", word("page.clients-how", lang)),
        tag("p", tag("code", base + "/")),
        tag("p", tag("code", f'ogrinfo "OAPIF:{base}"')),
        *(
            tag("p", tag("code", f'curl "{base}{items_path(layer)}?limit=5"'))
            for layer in list(service.catalogue)[:1]
        ),
        tag("h2", word("page.more", lang)),
        tag("ul", *(_more(link) for link in landing["links"] if link["rel"] != "self")),
    )


def documentation_page(definition: dict[str, Any], lang: Lang) -> str:
    """Return the definition of the API as a page."""
    shared = definition["components"]["parameters"]
    rows = [
        _operation_row(method.upper(), path, operation, shared)
        for path, methods in definition["paths"].items()
        for method, operation in methods.items()
    ]
    return document(
        definition["info"]["title"],
        HTML_LANG[lang],
        STYLE,
        tag("h1", word("link.service-doc", lang)),
        tag("p", definition["info"]["title"]),
        tag("p", tag("a", word("page.home", lang), href="/")),
        tag("p", tag("a", word("link.service-desc", lang), href="/openapi.json")),
        _table(_heads(lang, "operation", "parameters", "answers"), rows),
        tag("h2", word("page.answers", lang)),
        tag("dl", *_answers(definition["components"]["responses"], lang)),
    )


def _heads(lang: Lang, *names: str) -> Html:
    return tag("tr", *(tag("th", word(f"page.{name}", lang) if name else "") for name in names))


def _table(heads: Html, rows: list[Html]) -> Html:
    return tag("div", tag("table", tag("thead", heads), tag("tbody", *rows)), class_="wide")


def _small_print(service: Service, lang: Lang) -> str:
    plan = service.catalogue.plan
    dated = f"{word('page.data-date', lang)} {plan.data_date.isoformat()}"
    review = word("page.internal-use", lang)
    if plan.review_number:
        review = f"{word('page.review-number', lang)} {plan.review_number}"
    return " · ".join([plan.attribution.to(lang), dated, review])


def _layer_row(service: Service, layer: Layer, lang: Lang) -> Html:
    symbol = service.catalogue.symbol(layer)
    style = f"background:{symbol.fill};border:1px solid {symbol.stroke}"
    count = service.catalogue.table(layer.id).count
    source = f"{layer.source.to(lang)} ({layer.source_date.isoformat()})"
    return tag(
        "tr",
        tag("td", tag("span", class_="swatch", style=style), layer.title.to(lang)),
        tag("td", symbol.title.to(lang)),
        tag("td", str(count)),
        tag("td", source),
        tag(
            "td",
            tag("a", word("page.items", lang), href=items_path(layer.id)),
            " · ",
            tag("a", word("page.description", lang), href=collection_path(layer.id)),
        ),
    )


def _more(link: dict[str, str]) -> Html:
    return tag("li", tag("a", link["title"], href=link["href"]), " ", tag("code", link["type"]))


def _operation_row(
    method: str,
    path: str,
    operation: dict[str, Any],
    shared: dict[str, Any],
) -> Html:
    parameters = [
        shared[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
        for one in operation["parameters"]
    ]
    described: list[Html] = []
    for one in parameters:
        described += [tag("dt", tag("code", one["name"])), tag("dd", one["description"])]
    return tag(
        "tr",
        tag("td", tag("code", f"{method} {path}"), tag("br"), operation["summary"]),
        tag("td", tag("dl", *described)),
        tag("td", ", ".join(operation["responses"])),
    )


def _answers(problems: dict[str, Any], lang: Lang) -> list[Html]:
    told = {"200": word("answer.ok", lang)}
    told |= {status: problem["description"] for status, problem in problems.items()}
    listed: list[Html] = []
    for status, text in told.items():
        listed += [tag("dt", tag("code", status)), tag("dd", text)]
    return listed
