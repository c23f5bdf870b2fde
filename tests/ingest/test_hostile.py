"""Hostile and broken files: each ends in its named error, fast, and nothing else happens."""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from geoplan import errors, workers
from geoplan.ingest.importing import Wishes, import_files
from geoplan.workers import Limits
from tests.ingest.conftest import state

SECRET = "planted-secret-4711"
PEAK_RSS_MB = 512
ALLOWANCE_MB = 380  # the worker holds up to 130 before it begins


class Canary(BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        Canary.seen.append(self.path)
        self.send_response(404)
        self.end_headers()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def canary() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def collection(geometry: Any, **more: Any) -> str:
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature], **more})


POINT = {"type": "Point", "coordinates": [123.0, 41.0]}


def zipped(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, target)
    return sink.getvalue()


def shapefile(drop: tuple[str, ...] = (), text: bytes = b"abc", cut: int = 0) -> dict[str, bytes]:
    """Return the parts of a shapefile of one point, written by hand."""
    record = struct.pack("<idd", 1, 123.0, 41.0)
    box = struct.pack("<dddddddd", 123, 41, 123, 41, 0, 0, 0, 0)

    def head(words: int) -> bytes:
        return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<ii", 1000, 1) + box

    row = text.ljust(20)[:20]
    field = b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([20]) + bytes(15)
    dbf = struct.pack("<BBBBIHH20x", 3, 125, 1, 1, 1, 65, 21) + field + b"\r" + b" " + row + b"\x1a"
    parts = {
        "a.shp": head(64) + struct.pack(">ii", 1, 10) + record,
        "a.shx": head(54) + struct.pack(">ii", 50, 10),
        "a.dbf": dbf,
        "a.prj": b'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,'
        b'298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]',
    }
    parts["a.shp"] = parts["a.shp"][: len(parts["a.shp"]) - cut]
    return {name: body for name, body in parts.items() if not name.endswith(drop or ("none",))}


KML = '<?xml version="1.0"?>{0}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{1}</Document></kml>'
PLACE = "<Placemark><Point><coordinates>123,41</coordinates></Point></Placemark>"
VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{0}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
RASTER = '<VRTDataset rasterXSize="1" rasterYSize="1"><SRS>{0}</SRS></VRTDataset>'
GDALG = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {0} ! write"}}'
DEEP = 100_000

Make = Callable[[str, str], bytes]
CASES: dict[str, tuple[str, Make, str]] = {
    # name: (file name, content from canary address and planted file, error)
    "vrt-as-shp": ("a.shp", lambda u, f: VRT.format(f).encode(), "RemoteReference"),
    "vrt-as-geojson": ("a.geojson", lambda u, f: VRT.format(f).encode(), "RemoteReference"),
    "vrt-as-csv": ("a.csv", lambda u, f: VRT.format(f).encode(), "RemoteReference"),
    "vrt-as-dxf": ("a.dxf", lambda u, f: RASTER.format(u).encode(), "RemoteReference"),
    "vrt-as-fgb": ("a.fgb", lambda u, f: VRT.format(u).encode(), "RemoteReference"),
    "vrt-after-bom": ("a.kml", lambda u, f: b"\xef\xbb\xbf" + VRT.format(f).encode(), "RemoteReference"),
    "vrt-in-zip": ("a.zip", lambda u, f: zipped({"a.shp": VRT.format(f).encode()}), "RemoteReference"),
    "vrt-in-kmz": ("a.kmz", lambda u, f: zipped({"doc.kml": VRT.format(f).encode()}), "NAMED"),
    "tif": ("a.tif", lambda u, f: RASTER.format(f).encode(), "UnknownFormat"),
    "vrt": ("a.vrt", lambda u, f: VRT.format(f).encode(), "UnknownFormat"),
    "gdalg-as-geojson": ("a.geojson", lambda u, f: GDALG.format(u).encode(), "RemoteReference"),
    "wms-as-kml": ("a.kml", lambda u, f: f"<GDAL_WMS><S>{u}</S></GDAL_WMS>".encode(), "RemoteReference"),
    "gml-as-kml": ("a.kml", lambda u, f: b"<gml:FeatureCollection/>", "DisguisedFile"),
    "crs-link": ("a.geojson", lambda u, f: collection(POINT, crs={"type": "link", "properties": {"href": u, "type": "proj4"}}).encode(), "RemoteReference"),
    "crs-other": ("a.geojson", lambda u, f: collection(POINT, crs={"type": "name", "properties": {"name": "EPSG:3857"}}).encode(), "CrsUnknown"),
    "json-deep": ("a.geojson", lambda u, f: b'{"a":' * DEEP + b"1" + b"}" * DEEP, "TooDeep"),
    "json-deep-list": ("a.geojson", lambda u, f: b'{"type":"FeatureCollection","features":' + b"[" * DEEP + b"]" * DEEP + b"}", "TooDeep"),
    "json-coordinates-deep": ("a.geojson", lambda u, f: b'{"type":"Point","coordinates":' + b"[" * 500 + b"]" * 500 + b"}", "FileUnreadable"),
    "json-collections": ("a.geojson", lambda u, f: b'{"type":"GeometryCollection","geometries":[' * 90 + b"]}" * 90, "TooDeep"),
    "json-nan": ("a.geojson", lambda u, f: b'{"type":"Point","coordinates":[NaN, 41]}', "CoordinateInvalid"),
    "json-infinity": ("a.geojson", lambda u, f: b'{"type":"Point","coordinates":[-Infinity, 41]}', "CoordinateInvalid"),
    "json-1e999": ("a.geojson", lambda u, f: b'{"type":"Point","coordinates":[1e999, 41]}', "CoordinateInvalid"),
    "json-text-coordinate": ("a.geojson", lambda u, f: b'{"type":"Point","coordinates":["123", 41]}', "FileUnreadable"),
    "json-unclosed": ("a.geojson", lambda u, f: collection({"type": "Polygon", "coordinates": [[[123, 41], [123.1, 41], [123.1, 41.1]]]}).encode(), "FileUnreadable"),
    "json-cut": ("a.geojson", lambda u, f: collection(POINT).encode()[:-9], "FileUnreadable"),
    "json-no-geojson": ("a.json", lambda u, f: b'{"openapi": "3.1"}', "FileUnreadable"),
    "json-unknown-type": ("a.geojson", lambda u, f: collection({"type": "Circle", "coordinates": []}).encode(), "FileUnreadable"),
    "json-latin": ("a.geojson", lambda u, f: collection(POINT).replace('"x"', '"M\xfcller \xe9\xe8"').encode("latin-1"), "EncodingUnknown"),
    "empty": ("a.geojson", lambda u, f: b"", "FileUnreadable"),
    "zip-slip": ("a.zip", lambda u, f: zipped({"../../evil.shp": b"x"}), "ArchiveRefused"),
    "zip-absolute": ("a.zip", lambda u, f: zipped({"/tmp/evil.shp": b"x"}), "ArchiveRefused"),
    "zip-backslash": ("a.zip", lambda u, f: zipped({"..\\evil.shp": b"x"}), "ArchiveRefused"),
    "zip-link": ("a.zip", lambda u, f: zipped(shapefile((".dbf",)), {"a.dbf": f}), "ArchiveRefused"),
    "zip-bomb": ("a.zip", lambda u, f: zipped({"a.shp": bytes(60_000_000)}), "ArchiveRefused"),
    "xlsx-bomb": ("a.xlsx", lambda u, f: zipped({"xl/worksheets/sheet1.xml": bytes(60_000_000)}), "ArchiveRefused"),
    "zip-broken": ("a.zip", lambda u, f: b"PK\x03\x04" + bytes(40), "ArchiveRefused"),
    "zip-of-nothing": ("a.zip", lambda u, f: zipped({"readme.txt": b"x"}), "FileUnreadable"),
    "xlsx-no-book": ("a.xlsx", lambda u, f: zipped({"x.xml": b"<a/>"}), "FileUnreadable"),
    "kml-network-link": ("a.kml", lambda u, f: KML.format("", f"<NetworkLink><Link><href>{u}</href></Link></NetworkLink>{PLACE}").encode(), "RemoteReference"),
    "kml-entity": ("a.kml", lambda u, f: KML.format(f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{f}">]>', PLACE.replace("123,41", "&x;")).encode(), "RemoteReference"),
    "kml-laughs": ("a.kml", lambda u, f: KML.format('<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', PLACE).encode(), "RemoteReference"),
    "kml-remote-dtd": ("a.kml", lambda u, f: KML.format(f'<!DOCTYPE kml SYSTEM "{u}/x.dtd">', PLACE).encode(), "RemoteReference"),
    "kml-deep": ("a.kml", lambda u, f: KML.format("", "<MultiGeometry>" * DEEP).encode(), "TooDeep"),
    "kml-cut": ("a.kml", lambda u, f: KML.format("", PLACE).encode()[:-20], "FileUnreadable"),
    "dxf-garbage": ("a.dxf", lambda u, f: b"0\nSECTION\n2\nENTITIES\n0\nLINE\n10\nxx\n" + bytes(range(256)), "NAMED"),
    "dxf-noise": ("a.dxf", lambda u, f: bytes(range(256)) * 9, "DisguisedFile"),
    "csv-formula-place": ("a.csv", lambda u, f: b'lon,lat\n"=HYPERLINK(1)",41\n', "CoordinateInvalid"),
    "csv-nan": ("a.csv", lambda u, f: b"lon,lat\nnan,41\n", "CoordinateInvalid"),
    "csv-deep-wkt": ("a.csv", lambda u, f: b'wkt\n"' + b"GEOMETRYCOLLECTION(" * 20_000 + b'"\n', "NAMED"),
    "csv-no-place": ("a.csv", lambda u, f: b"a,b\n1,2\n", "FieldsInvalid"),
    "csv-binary": ("a.csv", lambda u, f: bytes(range(256)), "DisguisedFile"),
    "csv-mixed": ("a.csv", lambda u, f: b"lon,lat,n\n123,41,\xb0\xb0\xc9\xbd\n123,41,\xe9\x9e\x8d\xff\n", "EncodingUnknown"),
    "shp-no-dbf": ("a.zip", lambda u, f: zipped(shapefile((".dbf",))), "FileUnreadable"),
    "shp-no-shx": ("a.zip", lambda u, f: zipped(shapefile((".shx",))), "FileUnreadable"),
    "shp-no-prj": ("a.zip", lambda u, f: zipped(shapefile((".prj",))), "CrsUnknown"),
    "shp-cut": ("a.zip", lambda u, f: zipped(shapefile(cut=18)), "FileUnreadable"),
    "shp-bad-text": ("a.zip", lambda u, f: zipped(shapefile(text=b"\xff\xfe\xe9\x9e\xff")), "EncodingUnknown"),
    "shp-lying-cpg": ("a.zip", lambda u, f: zipped(shapefile(text="鞍山".encode("gbk")) | {"a.cpg": b"UTF-8"}), "EncodingUnknown"),
    "fgb-cut": ("a.fgb", lambda u, f: b"fgb\x03fgb\x00" + bytes(8), "FileUnreadable"),
    "fgb-huge-header": ("a.fgb", lambda u, f: b"fgb\x03fgb\x00" + b"\xff\xff\xff\x7f" + bytes(90), "FileUnreadable"),
    "parquet-cut": ("a.parquet", lambda u, f: b"PAR1" + bytes(30) + b"PAR1", "FileUnreadable"),
    "gdb-noise": ("a.gdb.zip", lambda u, f: zipped({"a.gdb/a00000001.gdbtable": bytes(99)}), "FileUnreadable"),
    "gdb-of-shapefiles": ("a.gdb.zip", lambda u, f: zipped(shapefile()), "FileUnreadable"),
    "dxf-no-utf8": ("a.dxf", lambda u, f: b"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1032\n8\n\xc8\xbc\xff\n", "EncodingUnknown"),
    "dxf-no-code-page": ("a.dxf", lambda u, f: b"0\nSECTION\n2\nHEADER\n9\n$DWGCODEPAGE\n3\nANSI_99999\n", "EncodingUnknown"),
    "sqlite-as-kml": ("a.kml", lambda u, f: b"SQLite format 3\x00" + bytes(90), "DisguisedFile"),
}  # fmt: skip
ADDRESSES = ["/vsicurl/{0}/a.geojson", "{0}/a.geojson", "/vsizip/x.zip/a.shp", "WFS:{0}"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan with the layer that every hostile file aims at."""
    from tests.ingest.conftest import CATALOGUE

    workers.stop()  # a worker that has read large files before holds more than one that has not
    folder = tmp_path_factory.mktemp("hostile") / "plan"
    folder.mkdir()
    (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    first = folder.parent / "first.geojson"
    first.write_text(collection(POINT), encoding="utf-8")
    import_files(folder, [first], Wishes("generic", layer="target"))
    return folder


@dataclass(frozen=True)
class Attempt:
    """How an import ended, and what the worker and this process held at most [MB]."""

    error: str
    message: str
    seconds: float
    worker_mb: float
    own_growth_mb: float


def attempt(home: Path, file: str, memory_mb: int = ALLOWANCE_MB) -> Attempt:
    me = os.getpid()
    wishes = Wishes("generic", layer="target", limits=Limits(memory_mb=memory_mb, seconds=10))
    workers.run("geoplan.ingest.gdal:drivers")  # warm: the start is not what is measured
    workers._forget_peak(me)
    error, message = "imported", ""
    before_mb, began = workers._peak_mb(me), time.perf_counter()
    try:
        import_files(home, [file], wishes)
    except errors.GeoplanError as found:
        error, message = type(found).__name__, str(found)
    seconds, after_mb, worker_mb = (
        time.perf_counter() - began,
        workers._peak_mb(me),
        workers.peak_rss_mb(),
    )
    assert before_mb is not None
    assert after_mb is not None
    assert worker_mb is not None
    return Attempt(error, message, seconds, worker_mb, after_mb - before_mb)


def assert_bounded(found: Attempt, peak_rss_mb: float = PEAK_RSS_MB) -> None:
    """Fail unless it ended in time, with no more memory resident; the worker's own part included."""
    assert found.seconds < 2
    assert found.worker_mb <= peak_rss_mb
    assert found.own_growth_mb <= peak_rss_mb


@pytest.mark.parametrize("case", CASES)
def test_threat_02_05_13_hostile_file_is_named_and_changes_nothing(
    case: str, home: Path, tmp_path: Path, canary: str
) -> None:
    name, make, expected = CASES[case]
    planted = tmp_path / "planted.geojson"
    planted.write_text(collection(POINT).replace('"x"', f'"{SECRET}"'), encoding="utf-8")
    file = tmp_path / name
    file.write_bytes(make(canary, str(planted)))
    before, beside = state(home), set(tmp_path.rglob("*"))
    found = attempt(home, str(file))
    if expected == "NAMED":
        assert issubclass(getattr(errors, found.error), errors.BadData), found
    else:
        assert found.error == expected, found
    assert_bounded(found)
    assert SECRET not in found.message
    assert state(home) == before
    assert set(tmp_path.rglob("*")) == beside
    assert Canary.seen == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_threat_02_an_address_is_no_file(address: str, home: Path, canary: str) -> None:
    before = state(home)
    found = attempt(home, address.format(canary))
    assert (found.error, Canary.seen) == ("RemoteReference", [])
    assert_bounded(found)
    assert state(home) == before


def test_the_peak_is_that_of_the_file(home: Path, tmp_path: Path) -> None:
    """Each position read is a list and two numbers, 120 bytes at least: 500,000 are 57 MB."""
    file = tmp_path / "a.geojson"
    file.write_text('{"type":"LineString","coordinates":[' + "[3.5,4.5]," * 500_000 + "[NaN,41]]}")
    workers.stop()
    small = attempt(home, str(tmp_path / "absent.geojson"))
    assert_bounded(small)
    refused = attempt(home, str(file), memory_mb=30)
    assert refused.error == "WorkerOutOfMemory"
    assert small.worker_mb + 10 < refused.worker_mb <= small.worker_mb + 45
    lifted = attempt(home, str(file), memory_mb=4096)
    assert lifted.error == "CoordinateInvalid"
    assert lifted.worker_mb > small.worker_mb + 57
    with pytest.raises(AssertionError, match="worker_mb"):
        assert_bounded(replace(lifted, seconds=0, message=""), peak_rss_mb=small.worker_mb + 57)
    assert attempt(home, str(tmp_path / "absent.geojson")).worker_mb < small.worker_mb + 30


def test_the_canary_sings(canary: str) -> None:
    from urllib.request import urlopen

    with pytest.raises(OSError, match="404"):
        urlopen(f"{canary}/x")  # noqa: S310
    assert Canary.seen == ["/x"]
    Canary.seen.clear()


def test_there_are_enough_of_them() -> None:
    assert len(CASES) + len(ADDRESSES) >= 60
