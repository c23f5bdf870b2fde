"""Features as pages: a table to sort, filter and turn over, and one feature with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from geoplan_api.cells import DASH, NEEDED, PROVENANCE, attributes, in_words
from geoplan_api.frame import MAP_ASSETS, facts, framed, more, table
from geoplan_api.html import Html, tag
from geoplan_api.links import collection_path, item_path, items_path
from geoplan_api.pages import swatch
from geoplan_api.query import DEFAULT_LIMIT, queryable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Layer
    from geoplan.store import Column
    from geoplan.store.table_now import ServedRow, TableNow
    from geoplan_api.cells import Attribute
    from geoplan_api.frame import Crumb, View
    from geoplan_api.links import Link
    from geoplan_api.query import ItemsQuery
    from geoplan_api.reading import Page
    from geoplan_api.service import Service

LIMITS = (10, 100, 1000)
MOST_ROWS = LIMITS[-1]
"""Features on a page at most, however many are asked for: a browser has to lay them out."""
_MOST_COORDINATES = 20_000
_MOST_AROUND = 200
_LONG = 40


class ItemsPage:
    """A page of features, or of what was wrong with the question for them.

    Parameters
    ----------
    service : Service
        The plan.
    layer : Layer
        Whose features.
    table : TableNow
        Its table.
    asked : mapping of str to str
        The parameters of the request.
    view : View
        How the page is looked at.
    """

    def __init__(
        self,
        service: Service,
        layer: Layer,
        table: TableNow,
        asked: Mapping[str, str],
        view: View,
    ) -> None:
        self._service, self._layer, self._table = service, layer, table
        self._asked, self._view = {**asked}, view
        self._title = layer.title.to(view.lang)

    def found(self, page: Page, wanted: ItemsQuery, links: list[Link]) -> str:
        """Return the features of a page."""
        schema = self._service.catalogue.schema(self._layer)
        named = list(enumerate(attributes(wanted.columns, schema, self._view)))
        filled = {at for row in page.rows for at, value in enumerate(row.values) if _is(value)}
        shown = [(at, one) for at, one in named if at in filled]
        empty = [one for at, one in named if at not in filled]
        rows = [self._row(row, shown) for row in page.rows]
        following = next((one["href"] for one in links if one["rel"] == "next"), None)
        say = self._view.say
        listed = table(self._heads([one for _, one in shown]), rows, self._title)
        matched = f"{page.matched:,}"
        told = tag(
            "div",
            tag("p", say("site.count", shown=len(rows), matched=matched), role="status"),
            listed if rows else tag("p", say("site.none"), class_="note"),
            self._turning(following),
            self._empty(empty) if rows and empty else None,
            class_="told",
        )
        drawn = map_box(self._data_path(wanted.limit), self._service, self._layer, self._view)
        return self._framed(
            tag("div", told, drawn if rows else None, class_="beside"),
            more(self._view, links),
            links=links,
        )

    def refused(self, why: str) -> str:
        """Return the page of a question that cannot be answered: what was wrong, and the form."""
        return self._framed(wrong=why)

    def _framed(self, *body: str | None, links: list[Link] | None = None, wrong: str = "") -> str:
        title = self._view.say("link.items", title=self._title)
        trail = layer_trail(self._layer, self._view)
        return framed(
            self._view,
            title,
            tag("h1", swatch(self._service, self._layer), title),
            self._form(wrong),
            *body,
            trail=trail,
            links=links or (),
            assets=() if wrong else MAP_ASSETS,
        )

    def _form(self, wrong: str) -> Html:
        say, chosen = self._view.say, self._asked.get("limit", str(DEFAULT_LIMIT))
        filter_ = tag(
            "input",
            type="text",
            name="filter",
            value=self._asked.get("filter", ""),
            id="filter",
            maxlength="4096",
            autocomplete="off",
            spellcheck="false",
            aria_describedby="filter-how filter-wrong" if wrong else "filter-how",
            aria_invalid="true" if wrong else None,
        )
        options = [str(one) for one in LIMITS]
        options += [chosen] if chosen not in options else []
        limits = [tag("option", one, value=one, selected=one == chosen) for one in options]
        kept = [
            tag("input", type="hidden", name=name, value=value)
            for name, value in self._asked.items()
            if name not in ("filter", "limit", "after", "f")
        ]
        return tag(
            "form",
            tag("label", say("site.filter"), filter_, class_="long"),
            tag("label", say("site.limit"), tag("select", *limits, name="limit")),
            *kept,
            tag("button", say("site.apply"), type="submit"),
            tag("a", say("site.reset"), href=items_path(self._layer.id), class_="reset")
            if self._asked
            else None,
            tag("p", wrong, id="filter-wrong", class_="wrong", role="alert") if wrong else None,
            self._how(),
            action=items_path(self._layer.id),
            method="get",
            role="search",
        )

    def _how(self) -> Html:
        names = [tag("code", column.name) for column in queryable(self._table.columns)]
        spaced = [part for name in names for part in (name, " ")]
        more = f"{collection_path(self._layer.id)}/queryables"
        say = self._view.say
        example = self._layer.name_column or self._table.id_column.name
        return tag(
            "details",
            tag("summary", say("site.filter-how"), " ", tag("code", f"{example} LIKE '%东%'")),
            tag("p", *spaced, tag("a", say("link.queryables"), href=more)),
            id="filter-how",
        )

    def _heads(self, shown: list[Attribute]) -> list[Html]:
        sortable = {column.name for column in queryable(self._table.columns)}
        first = tag("th", self._view.say("site.id"), scope="col")
        return [first, *(self._head(one, one.column.name in sortable) for one in shown)]

    def _head(self, one: Attribute, sortable: bool) -> Html:
        text = f"{one.label} ({one.unit})" if one.unit else one.label
        class_ = "number" if one.numeric else None
        if not sortable:
            return tag("th", text, scope="col", class_=class_)
        name, now = one.column.name, self._asked.get("sortby", "").strip("+ ")
        up, down = now == name, now == f"-{name}"
        sign = " ▲" if up else " ▼" if down else ""
        return tag(
            "th",
            tag(
                "a",
                text,
                tag("span", sign, aria_hidden="true") if sign else None,
                href=self._again(sortby=f"-{name}" if up else name, after=None),
                title=self._view.say("site.sort-down" if up else "site.sort-up"),
            ),
            scope="col",
            class_=class_,
            aria_sort="ascending" if up else "descending" if down else None,
        )

    def _again(self, **changed: str | None) -> str:
        asked = {name: value for name, value in {**self._asked, **changed}.items() if value}
        path = items_path(self._layer.id)
        return f"{path}?{urlencode(asked)}" if asked else path

    def _data_path(self, limit: int) -> str:
        """Return where the map gets what the table shows: places and names, in degrees."""
        names = [self._layer.name_column, self._layer.name_en_column]
        named = ",".join(name for name in names if name)
        return self._again(f="json", crs=None, properties=named or ",", limit=str(limit))

    def _turning(self, following: str | None) -> Html | None:
        ways = []
        if "after" in self._asked:
            ways.append(tag("a", self._view.say("site.first"), href=self._again(after=None)))
        if following is not None:
            ways.append(tag("a", self._view.say("link.next"), href=following, rel="next"))
        return (
            tag("nav", *ways, class_="turning", aria_label=self._view.say("site.turning"))
            if ways
            else None
        )

    def _empty(self, columns: list[Attribute]) -> Html:
        gap = "、" if self._view.lang == "zh" else ", "
        names = gap.join(one.label for one in columns)
        return tag("p", self._view.say("site.empty-columns", names=names), class_="soft")

    def _row(self, row: ServedRow, shown: list[tuple[int, Attribute]]) -> Html:
        cells = [self._cell(one, row.values[at]) for at, one in shown]
        link = tag("a", str(row.id), href=item_path(self._layer.id, row.id))
        return tag("tr", tag("th", link, scope="row"), *cells, data_id=str(row.id))

    def _cell(self, one: Attribute, value: Any) -> Html:
        text = in_words(one, value, self._view)
        if len(text) > _LONG:  # three lines of it are seen, all of it is there
            return tag("td", tag("div", text), class_="long")
        return tag("td", text, class_="number" if one.numeric else None)


def feature_page(
    service: Service,
    layer: Layer,
    row: ServedRow,
    columns: tuple[Column, ...],
    shape: Mapping[str, Any],
    view: View,
) -> str:
    """Return one feature: its attributes, where it is, and how far both can be trusted.

    Parameters
    ----------
    service, layer : Service, Layer
        The plan, and whose feature it is.
    row : ServedRow
        The feature, with the values of `columns`.
    columns : tuple of Column
        What is shown of it.
    shape : mapping
        Its ``geometry`` as GeoJSON text, its ``crs``, its ``links``.
    view : View
        How the page is looked at.
    """
    name, title, say = feature_name(layer, row, columns, view), layer.title.to(view.lang), view.say
    data = f"{item_path(layer.id, row.id)}?f=json&properties=,"
    drawn = map_box(data, service, layer, view, name=name) if row.geometry is not None else None
    return framed(
        view,
        f"{name} · {title}",
        tag("h1", swatch(service, layer), name),
        tag("p", tag("code", str(row.id)), f" · {title}", class_="soft"),
        tag("div", drawn, _told(service, layer, row, columns, view), class_="beside"),
        tag("h2", say("site.geometry")),
        _geometry(shape, view),
        more(view, shape["links"]),
        trail=[*layer_trail(layer, view), (say("page.items"), items_path(layer.id))],
        links=shape["links"],
        assets=MAP_ASSETS,
    )


def _told(
    service: Service, layer: Layer, row: ServedRow, columns: tuple[Column, ...], view: View
) -> Html:
    """Return what is known of a feature, and apart from it how far that can be trusted."""
    own: list[tuple[str, str | None]] = []
    trust: list[tuple[str, str | None]] = []
    empty: list[tuple[str, str | None]] = []
    shown = attributes(columns, service.catalogue.schema(layer), view)
    for one, value in zip(shown, row.values, strict=True):
        cell = (one.label, in_words(one, value, view, unit=True))
        told = trust if one.column.name in PROVENANCE else own
        (told if _is(value) or one.column.name in NEEDED else empty).append(cell)
    layer_source = f"{layer.source.to(view.lang)} ({layer.source_date.isoformat()})"
    trust.append((view.say("site.layer-source"), layer_source))
    return tag(
        "div",
        tag("h2", view.say("site.attributes")),
        facts(own, view.say("site.attributes")),
        tag("h2", view.say("site.trust")),
        facts(trust, view.say("site.trust")),
        _unknown(empty, view) if empty else None,
        class_="told",
    )


def _unknown(empty: list[tuple[str, str | None]], view: View) -> Html:
    title = view.say("site.unknown", count=len(empty))
    return tag("details", tag("summary", title), facts(empty, title))


def _is(value: Any) -> bool:
    """Return whether there is anything to show."""
    return value is not None and value != ""


def feature_name(layer: Layer, row: ServedRow, columns: tuple[Column, ...], view: View) -> str:
    """Return what a feature is called in the language of the page: its id when it has no name."""
    values = dict(zip((column.name for column in columns), row.values, strict=True))
    names = [layer.name_column, layer.name_en_column]
    for name in names if view.lang == "zh" else reversed(names):
        if name and values.get(name):
            return str(values[name])
    return str(row.id)


def layer_trail(layer: Layer, view: View) -> list[Crumb]:
    """Return the pages above a layer's features."""
    return [
        (view.say("link.data"), "/collections"),
        (layer.title.to(view.lang), collection_path(layer.id)),
    ]


def map_box(data: str, service: Service, layer: Layer, view: View, name: str = "") -> Html:
    """Return the place of a map; a script draws there what an address gives."""
    symbol = service.catalogue.symbol(layer)
    title = layer.title.to(view.lang)
    drawn = tag(
        "div",
        class_="map",
        role="region",
        aria_label=view.say("site.map-of", title=name or title),
        data_source=data,
        data_items=items_path(layer.id),
        data_names=",".join(one for one in _names(layer, view) if one),
        data_name=name or None,
        data_around=_around(layer) if name else None,
        data_fill=symbol.fill,
        data_stroke=symbol.stroke,
        data_zoom_in=view.say("site.zoom-in"),
        data_zoom_out=view.say("site.zoom-out"),
        data_nowhere=view.unfilled("site.map-nowhere"),
        data_failed=view.say("site.map-failed"),
    )
    return tag(
        "section",
        tag("h2", view.say("site.map")),
        drawn,
        tag("p", class_="soft", role="status"),
        tag("noscript", tag("p", view.say("site.map-script"), class_="note")),
        class_="mapped",
    )


def _around(layer: Layer) -> str:
    """Return where what lies around a feature is to be had; the script adds the box."""
    named = ",".join(one for one in (layer.name_column, layer.name_en_column) if one)
    return f"{items_path(layer.id)}?" + urlencode(
        {"f": "json", "limit": _MOST_AROUND, "properties": named or ","}
    )


def _names(layer: Layer, view: View) -> list[str | None]:
    names = [layer.name_column, layer.name_en_column]
    return names if view.lang == "zh" else names[::-1]


def _geometry(shape: Mapping[str, Any], view: View) -> Html:
    text = shape["geometry"]
    if text == "null":
        return tag("p", view.say("site.unlocated"))
    if len(text) > _MOST_COORDINATES:
        text = text[:_MOST_COORDINATES] + " …"
    return tag(
        "details",
        tag("summary", view.say("site.coordinates"), " ", tag("code", shape["crs"])),
        tag("pre", text or DASH, tabindex="0"),
    )
