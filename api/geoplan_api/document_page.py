"""Any JSON document as a page: what has no page of its own is shown as it is, in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.frame import facts, framed, heads, more, table
from geoplan_api.html import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geoplan_api.frame import Crumb, View


def document_page(
    view: View, title: str, document: dict[str, Any], trail: Iterable[Crumb] = ()
) -> str:
    """Return a page of a document and the links in it."""
    links = document.get("links", [])
    shown = {name: value for name, value in document.items() if name != "links"}
    single = [(name, _value(value, name)) for name, value in shown.items() if _is_plain(value)]
    parts: list[Html] = [facts(single, title)] if single else []
    for name, value in shown.items():
        if not _is_plain(value):
            parts += [tag("h2", tag("code", name)), _value(value, name)]
    return framed(
        view,
        title,
        tag("h1", title),
        *parts,
        more(view, links),
        trail=trail,
        links=links,
    )


def _is_plain(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _value(value: Any, name: str) -> Html:
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return _rows(value, name)
    if isinstance(value, list):
        return tag("ul", *(tag("li", _value(one, name)) for one in value))
    if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
        return _rows([{"": key, **one} for key, one in value.items()], name)
    if isinstance(value, dict):
        return facts([(key, _value(one, key)) for key, one in value.items()], name)
    return tag("span", _plain(value))


def _rows(rows: list[dict[str, Any]], name: str) -> Html:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    written = [
        tag("tr", *(tag("td", _value(row[key], key) if key in row else "") for key in columns))
        for row in rows
    ]
    return table(heads(*columns), written, name)


def _plain(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
