"""Processes as pages, from the JSON documents that describe them: a list, and a form to run one."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from geoplan.i18n import phrases
from geoplan_api.frame import MAP_ASSETS, framed, heads, more, table
from geoplan_api.html import Html, tag
from geoplan_api.inputs_form import example_inputs, field, read_input
from geoplan_api.links import EXECUTE, PROCESSES_PATH, process_path
from geoplan_api.negotiation import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan_api.frame import View
    from geoplan_api.process_examples import PlanWords

_GROUPS = (
    "column.",
    "outcome.",
    "value.",
    "severity.",
    "reason.",
    "total.",
    "head.",
    "table.",
    "confidence.",
)
"""Phrases that the table of a result is worded by."""
_FILES = (
    ("geo+json", "GeoJSON"),
    ("csv", "CSV"),
    ("geopackage", "GeoPackage"),
    ("spreadsheetml", "Excel"),
    ("tiff", "GeoTIFF"),
    ("html", "HTML"),
    ("wordprocessingml", "Word"),
    ("pdf", "PDF"),
    ("png", "PNG"),
    ("svg", "SVG"),
)
_FORMAT = "format"
"""Input of processes that make documents; the buttons of the form stand for it."""
_SAID = (
    "running",
    "cancel",
    "done",
    "count-rows",
    "left-out",
    "totals",
    "by-layer",
    "by-raster",
    "by-class",
    "by-rule",
    "rules-unchecked",
    "rows",
    "more-rows",
    "download",
    "failed",
    "no-rows",
    "sources",
    "not-sent",
    "fix",
    "cancelled",
    "ready-file",
    "map",
    "map-nowhere",
    "map-failed",
    "zoom-in",
    "zoom-out",
    "yes",
    "no",
    "table",
    "run-record",
)


def processes_page(document: dict[str, Any], view: View) -> str:
    """Return the list of processes.

    Parameters
    ----------
    document : dict
        The JSON of the same address.
    view : View
        How the page is looked at.
    """
    title = view.say("link.processes")
    rows = [
        tag(
            "tr",
            tag("th", tag("a", one["title"], href=process_path(one["id"])), scope="row"),
            tag("td", one["description"]),
            tag("td", tag("code", one["id"])),
        )
        for one in document["processes"]
    ]
    columns = heads(title, view.say("site.meaning"), view.say("site.id"))
    return framed(
        view,
        title,
        tag("h1", title),
        table(columns, rows, title),
        more(view, document["links"]),
        links=document["links"],
    )


def process_page(
    document: dict[str, Any],
    view: View,
    plan: PlanWords,
    base: str,
) -> str:
    """Return a process with a form to run it.

    Parameters
    ----------
    document : dict
        The JSON of the same address: the description of the process.
    view : View
        How the page is looked at.
    plan : PlanWords
        What the plan says to inputs.
    base : str
        Address of the service.
    """
    inputs = [read_input(document["id"], *item) for item in document["inputs"].items()]
    asked = [one for one in inputs if one.name != _FORMAT]
    path = f"{process_path(document['id'])}/execution"
    shown = example_inputs(inputs, plan.examples)
    return framed(
        view,
        document["title"],
        tag("h1", document["title"]),
        tag("p", document["description"]),
        tag("noscript", tag("p", view.say("site.run-script"), class_="note")),
        _form(document, [field(one, view, plan) for one in asked], path, view),
        tag("section", id="result", tabindex="-1", aria_label=view.say("site.result"), hidden=True),
        tag("h2", view.say("site.with-curl")),
        tag("pre", _curl(base + path, shown), class_="curl", tabindex="0", data_url=base + path),
        more(view, [one for one in document["links"] if one["rel"] != EXECUTE]),
        _data(view, plan.titles),
        trail=[(view.say("link.processes"), PROCESSES_PATH)],
        links=document["links"],
        assets=[*MAP_ASSETS, "process.js"],
    )


def _form(document: dict[str, Any], fields: list[Html], path: str, view: View) -> Html:
    """Return the form; it is sent by a script, as JSON, and does nothing without one."""
    kinds = _media_types(document)
    buttons = []
    if JSON.media_type in kinds:
        buttons.append(_button(view.say("site.run"), JSON.media_type))
    for kind in kinds:
        if kind != JSON.media_type:
            name = next((name for part, name in _FILES if part in kind), kind)
            text = view.say("site.run-file", name=name)
            buttons.append(_button(text, kind, quiet=bool(buttons)))
    return tag(
        "form",
        *fields,
        tag("p", *buttons, class_="actions"),
        tag("p", id="progress", role="status", class_="soft"),
        id="run",
        class_="inputs",
        data_execution=path,
        hidden=True,
        novalidate=True,
    )


def _button(text: str, accept: str, *, quiet: bool = False) -> Html:
    class_ = "quiet" if quiet else None
    return tag("button", text, type="submit", data_accept=accept, class_=class_)


def _media_types(document: dict[str, Any]) -> list[str]:
    schema = document["outputs"]["result"]["schema"]
    return [one["contentMediaType"] for one in schema.get("oneOf", [schema])]


def _curl(address: str, inputs: dict[str, Any]) -> str:
    body = json.dumps({"inputs": inputs}, ensure_ascii=False)
    words = ["curl", "-H", "Content-Type: application/json", "-d", body, address]
    return " ".join(shlex.quote(word) for word in words)


def _data(view: View, titles: Mapping[str, str]) -> Html:
    """Return what the script words a result with; no text in it can end the element."""
    known = phrases(view.lang)
    data = {
        "lang": view.lang,
        "words": {key: text for key, text in known.items() if key.startswith(_GROUPS)},
        "say": {name: view.unfilled(f"site.{name}") for name in _SAID},
        "titles": dict(titles),
    }
    text = json.dumps(data, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return tag("script", Html(text), type="application/json", id="page-data")
