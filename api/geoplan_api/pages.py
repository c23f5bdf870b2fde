"""The landing page and the pages of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.frame import facts, framed, heads, link_list, more, table
from geoplan_api.html import Html, tag
from geoplan_api.links import collection_path, items_path
from geoplan_api.ways import crs_name

if TYPE_CHECKING:
    from geoplan.model import Layer
    from geoplan.schema import Field
    from geoplan_api.frame import View
    from geoplan_api.service import Service


def landing_page(service: Service, landing: dict[str, Any], view: View) -> str:
    """Return the landing page of a plan: its layers, and links to everything else."""
    base = next(link["href"] for link in landing["links"] if link["rel"] == "data")
    base = base.removesuffix("/collections")
    described = landing["description"]
    return framed(
        view,
        landing["title"],
        tag("h1", landing["title"]),
        tag("p", described) if described != landing["title"] else None,
        tag(
            "p",
            tag("a", view.say("page.map"), href="/map", class_="button"),
            " ",
            tag("a", view.say("page.map-check"), href="/map?check=true", class_="button"),
            " ",
            tag("a", view.say("link.processes"), href="/processes", class_="button quiet"),
            " ",
            tag("a", view.say("page.rules"), href="/rules", class_="button quiet"),
        ),
        tag("h2", view.say("page.features")),
        _layers_table(service, view),
        tag("h2", view.say("page.clients")),
        tag("p", view.say("page.clients-how")),
        tag("p", tag("code", base + "/")),
        tag("p", tag("code", f'ogrinfo "OAPIF:{base}"')),
        *(
            tag("p", tag("code", f'curl "{base}{items_path(layer)}?limit=5"'))
            for layer in list(service.catalogue)[:1]
        ),
        tag("h2", view.say("site.crs")),
        _offered(landing, view),
        more(view, landing["links"], landing["attribution"]),
        links=landing["links"],
    )


def collections_page(service: Service, document: dict[str, Any], view: View) -> str:
    """Return the list of layers."""
    title = view.say("link.data")
    return framed(
        view,
        title,
        tag("h1", title),
        *(_card(service, one, view) for one in document["collections"]),
        more(view, document["links"]),
        links=document["links"],
    )


def collection_page(service: Service, document: dict[str, Any], view: View) -> str:
    """Return a layer: what it is, where it lies, what its features hold."""
    layer = service.catalogue[document["id"]]
    return framed(
        view,
        document["title"],
        tag("h1", swatch(service, layer), document["title"]),
        tag("p", document["description"]),
        tag("p", tag("a", view.say("site.see"), href=items_path(layer.id), class_="button")),
        _about(service, document, view),
        tag("h2", view.say("link.schema")),
        _fields(service, layer, view),
        more(view, document["links"]),
        trail=[(view.say("link.data"), "/collections")],
        links=document["links"],
    )


def swatch(service: Service, layer: Layer) -> Html:
    """Return the colours of a layer as a small picture, which says nothing beyond its name."""
    symbol = service.catalogue.symbol(layer)
    drawn = tag(
        "rect",
        x="1",
        y="1",
        width="14",
        height="14",
        rx="3",
        fill=symbol.fill,
        stroke=symbol.stroke,
        stroke_width="1.5",
    )
    return tag("svg", drawn, class_="swatch", width="16", height="16", aria_hidden="true")


def _layers_table(service: Service, view: View) -> Html:
    names = [view.say(f"page.{name}") for name in ("layer", "kind", "count", "source")]
    rows = [_layer_row(service, layer, view) for layer in service.catalogue.values()]
    columns = heads(*names, view.say("page.more"), numbers=[view.say("page.count")])
    return table(columns, rows, view.say("page.features"))


def _layer_row(service: Service, layer: Layer, view: View) -> Html:
    title, more = layer.title.to(view.lang), view.say("page.description")
    return tag(
        "tr",
        tag("th", swatch(service, layer), tag("a", title, href=items_path(layer.id)), scope="row"),
        tag("td", service.catalogue.symbol(layer).title.to(view.lang)),
        tag("td", f"{service.tables[layer.id].look().count():,}", class_="number"),
        tag("td", _source(layer, view)),
        tag(
            "td",
            tag("a", more, href=collection_path(layer.id), aria_label=f"{title}: {more}"),
        ),
    )


def _source(layer: Layer, view: View) -> str:
    return f"{layer.source.to(view.lang)} ({layer.source_date.isoformat()})"


def _card(service: Service, document: dict[str, Any], view: View) -> Html:
    layer = service.catalogue[document["id"]]
    heading = f"layer-{layer.id}"
    return tag(
        "section",
        tag(
            "h2",
            swatch(service, layer),
            tag("a", document["title"], href=items_path(layer.id)),
            id=heading,
        ),
        tag("p", document["description"]),
        _about(service, document, view),
        tag("details", tag("summary", view.say("page.more")), link_list(document["links"])),
        class_="card",
        aria_labelledby=heading,
    )


def _about(service: Service, document: dict[str, Any], view: View) -> Html:
    layer = service.catalogue[document["id"]]
    now = service.tables[layer.id].look()
    crs = [tag("code", document["storageCrs"])] if "storageCrs" in document else []
    rows: list[tuple[str, str | None]] = [
        (view.say("site.id"), tag("code", layer.id)),
        (view.say("page.kind"), service.catalogue.symbol(layer).title.to(view.lang)),
        (view.say("site.geometry"), view.say(f"site.{layer.geometry}")),
        (view.say("page.count"), f"{now.count():,}"),
        (view.say("site.extent"), _extent(document, view)),
        (view.say("site.stored"), tag("span", crs_name(now.crs), " ", *crs)),
        (view.say("site.crs"), _offered(document, view)),
        (view.say("page.source"), _source(layer, view)),
    ]
    return facts(rows, document["title"])


def _offered(document: dict[str, Any], view: View) -> Html:
    """Return the CRS that answers come in, folded: there are dozens."""
    names = [tag("li", tag("code", uri)) for uri in document["crs"]]
    count = view.say("site.crs-count", count=len(names))
    return tag("details", tag("summary", count), tag("ul", *names))


def _extent(document: dict[str, Any], view: View) -> str | None:
    if "extent" not in document:
        return view.say("site.nowhere")
    west, south, east, north = document["extent"]["spatial"]["bbox"][0]
    edges = {"west": west, "south": south, "east": east, "north": north}
    return view.say("site.box", **{name: f"{edge:.5f}°" for name, edge in edges.items()})


def _fields(service: Service, layer: Layer, view: View) -> Html:
    now, schema = service.tables[layer.id].look(), service.catalogue.schema(layer)
    rows = []
    for column in (now.id_column, *now.columns):
        field = schema.field(column.name)
        label = column.name if field is None else field.label.to(view.lang)
        rows.append(
            tag(
                "tr",
                tag("th", label, scope="row"),
                tag("td", tag("code", column.name)),
                tag("td", column.type),
                tag("td", (field and field.unit) or ""),
                tag("td", "" if field is None else _domain(field, view)),
            )
        )
    names = ("attribute", "column", "type", "unit", "values")
    return table(
        heads(*(view.say(f"site.{name}") for name in names)), rows, view.say("link.schema")
    )


def _domain(field: Field, view: View) -> str:
    values = [f"{value.label.to(view.lang)} ({value.code})" for value in field.values]
    if values:
        return ", ".join(values)
    ends = [
        f"{sign} {end:g}"
        for sign, end in (("≥", field.minimum), ("≤", field.maximum))
        if end is not None
    ]
    return ", ".join(ends)
