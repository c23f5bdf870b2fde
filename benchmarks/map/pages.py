"""Writes one page, in a process of its own; prints CPU seconds and peak memory."""

from __future__ import annotations

import datetime
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd

COLOURS = {
    "residential": "#E69F00",
    "industrial": "#BB9674",
    "farmland": "#F0E442",
    "forest": "#148D4A",
    "water": "#338EC0",
    "public": "#CC79A7",
}
Writer = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame | None, Path], None]


def geoplan(parcels: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, page: Path) -> None:
    from geoplan.model import Layer, Plan, Text
    from geoplan.webmap import MapContent, MapLayer, planner_page

    day = datetime.date(2025, 1, 1)
    text = Text(zh="基准", en="Benchmark")

    def layer(kind: str, geometry: str, line_means: str | None) -> Layer:
        told = {
            "id": kind.replace("_", "-"), "kind": kind, "title": text, "geometry": geometry,
            "line_means": line_means, "name_column": "name", "source": text, "source_date": day,
            "name_en_column": "name_en" if geometry == "area" else None,
        }  # fmt: skip
        return Layer.model_validate(told)

    west, south, east, north = map(float, parcels.total_bounds)
    plan = Plan(
        id="bench", title=text, extent=(west, south, east, north), measuring_plane="EPSG:4550",
        data_date=day, attribution=text,
    )  # fmt: skip
    layers = [MapLayer(layer("industrial_park", "area", None), parcels)]
    if roads is not None:
        layers.append(MapLayer(layer("highway", "line", "centreline"), roads))
    page.write_text(planner_page(MapContent(plan, tuple(layers))), encoding="utf-8")


def folium(parcels: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, page: Path) -> None:
    import folium as peer

    map_ = peer.Map(tiles=None)
    columns = [name for name in parcels.columns if name != "geometry"]
    peer.GeoJson(
        parcels.to_crs(4326),
        style_function=lambda feature: {
            "fillColor": COLOURS[feature["properties"]["use"]], "color": "#444444",
            "weight": 0.7, "fillOpacity": 0.6,
        },
        tooltip=peer.GeoJsonTooltip(["name"]),
        popup=peer.GeoJsonPopup(columns),
    ).add_to(map_)  # fmt: skip
    map_.fit_bounds(map_.get_bounds())
    map_.save(str(page))


def explore(parcels: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, page: Path) -> None:
    map_ = parcels.to_crs(4326).explore(
        column="use", tiles=None, cmap=list(COLOURS.values()), tooltip=["name"], popup=True
    )
    map_.save(str(page))


def maplibre(parcels: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, page: Path) -> None:
    west, south, east, north = map(float, parcels.total_bounds)
    sources = {"parcels": parcels} | ({} if roads is None else {"roads": roads})
    match = ["match", ["get", "use"], *[one for pair in COLOURS.items() for one in pair], "#888"]
    layers = [
        {"id": "fill", "type": "fill", "source": "parcels",
         "paint": {"fill-color": match, "fill-opacity": 0.6, "fill-outline-color": "#444"}},
    ]  # fmt: skip
    if roads is not None:
        paint = {"line-color": "#7A1F1F", "line-width": 2}
        layers.append({"id": "line", "type": "line", "source": "roads", "paint": paint})
    data = {
        name: {"type": "geojson", "data": json.loads(frame.to_crs(4326).to_json(drop_id=False))}
        for name, frame in sources.items()
    }
    style = {"version": 8, "sources": data, "layers": layers}
    start = (
        "const map = new maplibregl.Map({container: 'map', attributionControl: false, style: "
        f"{json.dumps(style, ensure_ascii=False)}, "
        f"bounds: [[{west}, {south}], [{east}, {north}]]}});"
        "window.bench = map;"
    )
    page.write_text(
        '<!DOCTYPE html><meta charset="utf-8">'
        '<link rel="stylesheet" href="https://cdn/maplibre-gl.css">'
        '<script src="https://cdn/maplibre-gl.js"></script>'
        '<style>html,body,#map{height:100%;margin:0}</style><div id="map"></div>'
        f"<script>{start}</script>",
        encoding="utf-8",
    )


WRITERS: dict[str, Writer] = {
    "geoplan": geoplan, "folium": folium, "explore": explore, "maplibre": maplibre,
}  # fmt: skip


def main() -> None:
    who, folder, page = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    parcels = gpd.read_parquet(folder / "parcels.parquet")
    lines = folder / "roads.parquet"
    roads = gpd.read_parquet(lines) if lines.exists() else None
    before = time.process_time()
    WRITERS[who](parcels, roads, page)
    spent = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"export_cpu_s": spent, "export_peak_mb": peak}))


if __name__ == "__main__":
    main()
