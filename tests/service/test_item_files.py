"""Features as files: read by others' readers, they are what stands in the plan's GeoPackage."""

from __future__ import annotations

import csv
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import httpx
import pandas as pd
import pyarrow.parquet
import pytest
import shapely

from geoplan import Catalogue

TYPES = {
    "gpkg": "application/geopackage+sqlite3",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
}
ITEMS = "/collections/industrial-parks/items"


@pytest.fixture(scope="module")
def stored(town: Catalogue) -> gpd.GeoDataFrame:
    """Return the parks as GDAL reads them from the plan's own file."""
    return read_elsewhere(town.path("industrial-parks")).sort_index()


def read_elsewhere(path: Path, index: str = "feature_id") -> gpd.GeoDataFrame:
    """Read a file with GDAL in a process of its own: in this one others may have limited it."""
    program = (
        "import pickle, pyogrio, sys\n"
        "layer = 'industrial_parks' if sys.argv[1].endswith('.gpkg') else None\n"
        "found = pyogrio.read_dataframe(sys.argv[1], layer=layer).set_index(sys.argv[2])\n"
        "sys.stdout.buffer.write(pickle.dumps(found))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path), index], capture_output=True, check=True
    )
    read = pickle.loads(run.stdout)  # noqa: S301 - what we have just written
    assert isinstance(read, gpd.GeoDataFrame)
    return read


def fetched(client: httpx.Client, folder: Path, form: str, **asked: str) -> gpd.GeoDataFrame:
    answer = client.get(ITEMS, params={"f": form, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPES[form]
    assert f'filename="industrial-parks.{form}"' in answer.headers["content-disposition"]
    path = folder / f"got.{form}"
    path.write_bytes(answer.content)
    if form == "parquet":
        return gpd.read_parquet(path).set_index("feature_id")
    return read_elsewhere(path)


@pytest.mark.parametrize("form", ["gpkg", "fgb", "parquet"])
def test_a_file_is_the_layer(
    form: str, client: httpx.Client, stored: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    got = fetched(client, tmp_path, form).sort_index()
    assert got.index.tolist() == stored.index.tolist() == ["IP-1", "IP-2", "IP-3", "IP-4"]
    assert got.crs.to_epsg() == stored.crs.to_epsg() == 4550
    assert set(got.columns) == set(stored.columns)
    for one, other in zip(got.geometry, stored.geometry, strict=True):
        assert (one is None) == (other is None)
        assert one is None or one.normalize().equals_exact(other.normalize(), 1e-9)
    for name in stored.columns.drop("geometry"):
        for mine, theirs in zip(got[name], stored[name], strict=True):
            assert (pd.isna(mine) and pd.isna(theirs)) or str(mine) == str(theirs), name


@pytest.mark.parametrize("form", ["gpkg", "fgb", "parquet"])
def test_a_file_holds_what_is_asked_for(
    form: str, client: httpx.Client, stored: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    asked = {"filter": "name_en LIKE '%park'", "sortby": "-name_en", "properties": "name,name_en"}
    got = fetched(client, tmp_path, form, crs="EPSG:4490", **asked)
    names = stored["name_en"]
    wanted = names[names.str.endswith("park")].sort_values(ascending=False)
    assert len(wanted) >= 3
    rows = got.index.tolist()
    # FlatGeobuf sorts by place; the others keep the order
    assert sorted(rows) == sorted(wanted.index) if form == "fgb" else rows == list(wanted.index)
    assert set(got.columns) == {"name", "name_en", "geometry"}
    assert got.crs.to_epsg() == 4490
    west, south, east, north = got.total_bounds
    assert 122 < west < east < 124
    assert 40 < south < north < 42


@pytest.mark.parametrize("form", ["gpkg", "parquet"])
def test_a_file_in_longitude_and_latitude(form: str, client: httpx.Client, tmp_path: Path) -> None:
    got = fetched(client, tmp_path, form, crs="http://www.opengis.net/def/crs/OGC/1.3/CRS84")
    document = client.get(ITEMS).json()["features"]
    there = {one["id"]: one["geometry"] for one in document}
    for feature, shape in got.geometry.items():
        if shape is not None:
            told = shapely.from_geojson(json.dumps(there[feature]))
            assert shape.normalize().equals_exact(told.normalize(), 1e-9)


def test_a_table_is_what_a_spreadsheet_reads(client: httpx.Client) -> None:
    answer = client.get(ITEMS, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv"
    text = answer.content.decode("utf-8-sig")
    assert answer.content.startswith(b"\xef\xbb\xbf")  # or Excel takes it for GBK
    rows = {row["feature_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(rows) == {"IP-1", "IP-2", "IP-3", "IP-4"}
    assert rows["IP-2"]["name"] == "东园"
    assert rows["IP-4"]["wkt"] == ""
    shape = shapely.from_wkt(rows["IP-1"]["wkt"])
    assert shape.geom_type in ("Polygon", "MultiPolygon")
    assert 122 < shape.centroid.x < 124
    refused = client.get(ITEMS, params={"f": "csv", "crs": "EPSG:4550"})
    assert refused.status_code == 400


def test_limit_and_after_cut_a_file(client: httpx.Client, tmp_path: Path) -> None:
    assert fetched(client, tmp_path, "gpkg", limit="2").index.tolist() == ["IP-1", "IP-2"]
    got = fetched(client, tmp_path, "gpkg", limit="5", after="IP-2")
    assert got.index.tolist() == ["IP-3", "IP-4"]
    none = client.get(ITEMS, params={"f": "gpkg", "filter": "name = 'nobody'"})
    assert none.status_code == 200


def test_a_file_that_is_held_is_not_made_again(client: httpx.Client) -> None:
    first = client.get(ITEMS, params={"f": "gpkg"})
    again = client.get(
        ITEMS, params={"f": "gpkg"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(ITEMS, params={"f": "fgb"})
    assert other.headers["etag"] != first.headers["etag"]


def test_every_page_links_to_the_files(client: httpx.Client) -> None:
    links = client.get(ITEMS).json()["links"]
    told = {link["type"]: link["href"] for link in links if link["rel"] == "alternate"}
    assert set(TYPES.values()) <= set(told)
    for kind in TYPES.values():
        assert client.get(told[kind]).headers["content-type"] == kind


def test_geoparquet_says_what_it_is(client: httpx.Client) -> None:
    body = client.get(ITEMS, params={"f": "parquet"}).content
    held = pyarrow.parquet.read_schema(io.BytesIO(body)).metadata
    about = json.loads(held[b"geo"])
    assert about["version"].startswith("1.")
    assert about["columns"][about["primary_column"]]["crs"]["id"]["code"] == 4550
