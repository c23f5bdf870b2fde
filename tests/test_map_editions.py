"""What the maker of a map decides: fields, precision, pictures beneath, who may see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apsw
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from shapely import LineString, Point, Polygon

from geoplan import Catalogue
from geoplan.errors import (
    BadQuery,
    DisguisedFile,
    FileUnreadable,
    OutsidePlan,
    RasterNotFound,
    TooLarge,
    UnknownFormat,
)
from geoplan.processes import MapInputs
from geoplan.processes.map import Edition, edition
from geoplan.raster.picture import png
from geoplan.webmap import MapContent, MapLayer
from geoplan.webmap.narrowing import coarsened, without_fields
from geoplan.webmap.pictures import basemap_picture

PIXEL = png(np.full((1, 1, 4), 200, dtype=np.uint8))
ZOOM, COLUMN, ROW = 12, 3447, 1534
"""A tile over the town: 122.959..123.047° E, 41.046..41.112° N."""


def drawn(town: Catalogue, *names: str) -> MapContent:
    layers = tuple(MapLayer(town[name], town.read(name)) for name in names)
    return MapContent(town.plan, layers)


def test_coordinates_are_rounded_and_what_is_smaller_than_the_grid_is_gone(town: Catalogue) -> None:
    content = drawn(town, "industrial-parks")
    shapes = [
        Polygon([(500_004, 4_550_004), (500_151, 4_550_049), (500_148, 4_550_160)]),
        Polygon([(500_010, 4_550_010), (500_030, 4_550_010), (500_030, 4_550_030)]),
        LineString([(500_010, 4_550_010), (500_020, 4_550_020), (500_290, 4_550_010)]),
        Point(500_051, 4_549_949),
        None,
        Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)]),  # crosses itself
    ]
    features = gpd.GeoDataFrame(index=list("abcdef"), geometry=shapes, crs="EPSG:4550")
    layer = replace(content.layers[0], features=features)
    result = coarsened(replace(content, layers=(layer,)), 100)
    assert result.precision_m == 100
    got = result.layers[0].features.geometry
    assert shapely.equals(
        got["a"], Polygon([(500_000, 4_550_000), (500_200, 4_550_000), (500_100, 4_550_200)])
    )
    assert got[["b", "e"]].isna().all()
    assert [*got["c"].coords] == [(500_000, 4_550_000), (500_300, 4_550_000)]
    assert (got["d"].x, got["d"].y) == (500_100, 4_549_900)
    assert got["f"] is not None


def test_fields_are_left_out_and_names_with_them(town: Catalogue) -> None:
    page = edition(town, MapInputs(exclude_fields=("name", "name_en")), Edition()).content
    told = edition(town, MapInputs(), Edition()).content
    assert "North park" in told
    assert "North park" not in page
    with pytest.raises(BadQuery, match=r"field 'nmae'; there are: .*name"):
        without_fields(drawn(town, "highways"), ["nmae"])


def test_a_map_says_who_may_see_it_and_in_which_language(town: Catalogue) -> None:
    inputs = MapInputs(layers=("highways",))
    page = edition(town, inputs, Edition(review_number="辽S(2026)001号", languages=("zh",))).content
    assert '"review_number":"辽S(2026)001号"' in page
    assert '"languages":["zh"]' in page
    numbered = Catalogue(
        town.directory, town.plan.model_copy(update={"review_number": "X1"}), (town["highways"],)
    )
    assert '"review_number":"X1"' in edition(numbered, inputs, Edition()).content
    assert '"review_number":null' in edition(numbered, inputs, Edition(internal=True)).content


def mbtiles(path: Path, tiles: dict[tuple[int, int, int], bytes]) -> Path:
    path.unlink(missing_ok=True)
    with apsw.Connection(str(path)) as connection:
        # tiles as a view, as many makers have it
        connection.execute("CREATE TABLE t (z INT, x INT, y INT, d BLOB)")
        connection.execute(
            "CREATE VIEW tiles AS SELECT z AS zoom_level, x AS tile_column, y AS tile_row, "
            "d AS tile_data FROM t"
        )
        rows = [(z, x, 2**z - 1 - y, content) for (z, x, y), content in tiles.items()]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return path


def test_mbtiles_are_embedded_at_the_level_that_fits(town: Catalogue, tmp_path: Path) -> None:
    inside = {
        (ZOOM + up, (COLUMN << up) + x, (ROW << up) + y): PIXEL
        for up in (0, 1)
        for x in range(1 + up)
        for y in range(1 + up)
    }
    path = mbtiles(tmp_path / "a.mbtiles", {**inside, (12, 5, 5): PIXEL})
    extent = (122.96, 41.06, 123.03, 41.10)
    images = basemap_picture(path, extent).images
    assert len(images) == 4
    assert images[0].bounds == pytest.approx((122.9590, 41.0793, 123.0029, 41.1124), abs=1e-3)
    assert images[0].content == PIXEL
    big = {place: PIXEL + bytes(6_000_000) for place in inside if place[0] == 13}
    path = mbtiles(path, {**inside, **big})
    assert len(basemap_picture(path, extent).images) == 1
    with pytest.raises(TooLarge, match=r"level, 13, has 4 tiles of 24\.0 MB.*20 MB can be"):
        basemap_picture(mbtiles(path, big), extent)
    with pytest.raises(OutsidePlan, match="no tile in the plan's extent"):
        basemap_picture(path, (10.0, 41.0, 10.1, 41.1))
    with pytest.raises(UnknownFormat, match="vector tiles"):
        basemap_picture(mbtiles(path, {(ZOOM, COLUMN, ROW): b"\x1f\x8b\x08"}), extent)
    path.write_bytes(b"no database")
    with pytest.raises(FileUnreadable, match="no MBTiles"):
        basemap_picture(path, extent)


def test_a_photograph_is_cut_to_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    transform = rasterio.Affine(10.0, 0, 498_000, 0, -10.0, 4_554_000)
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=500, count=3, dtype="uint8",
        crs="EPSG:4550", transform=transform,
    ) as made:  # fmt: skip
        for band, value in enumerate((200, 120, 40), start=1):
            made.write(np.full((500, 600), value, np.uint8), band)
    (image,) = basemap_picture(path, (122.99, 41.09, 123.01, 41.11)).images
    assert image.bounds == pytest.approx((122.99, 41.09, 123.01, 41.11), abs=1e-9)
    assert image.content[:4] == b"\x89PNG"
    assert int.from_bytes(image.content[16:20]) == pytest.approx(1680 / 10, rel=0.02)
    with pytest.raises(OutsidePlan):
        basemap_picture(path, (120.0, 41.0, 120.1, 41.1))
    (tmp_path / "fake.tif").write_bytes(b"no picture at all")
    with pytest.raises(DisguisedFile):
        basemap_picture(tmp_path / "fake.tif", (122.99, 41.09, 123.01, 41.11))


def test_rasters_and_online_basemaps_are_named(town: Catalogue) -> None:
    inputs = MapInputs(layers=("highways",), rasters=("elevation",))
    page = edition(town, inputs, Edition()).content
    assert '"id":"elevation"' in page
    assert "img-src data: blob:;" in page
    with pytest.raises(RasterNotFound, match="elevation"):
        edition(town, MapInputs(rasters=("elevtion",)), Edition())
    with pytest.raises(UnknownFormat, match="none, tianditu, amap"):
        edition(town, inputs, Edition(basemap="osm"))
    with pytest.raises(UnknownFormat, match="GEOPLAN_TIANDITU_KEY"):
        edition(town, inputs, Edition(basemap="tianditu"))
    online = edition(town, inputs, Edition(basemap="tianditu", tianditu_key="k1")).content
    assert "img-src data: blob: https://t0.tianditu.gov.cn https://t1.tianditu.gov.cn" in online
    assert "default-src 'none'" in online
