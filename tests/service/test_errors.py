"""Every error is a problem document, with a status of its class and nothing from inside."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geoplan_api.server  # noqa: F401 - its errors count too
import httpx
import pytest
from geoplan_api import create_app
from geoplan_api.errors import STATUS, ServiceBusy, problem_of, status_of
from geoplan_api.work.compute import execute

from geoplan import Catalogue
from geoplan.errors import GeoplanError
from geoplan.queries import zonal
from geoplan.settings import Settings
from geoplan.store.writing import open_to_write

ITEMS = "/collections/industrial-parks/items"


def _tree(cls: type[GeoplanError]) -> Iterator[type[GeoplanError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


CLASSES = sorted(set(_tree(GeoplanError)), key=lambda cls: cls.__name__)
EXPECTED = {
    # the question as a whole
    400: "BadBbox BadBody BadCrs BadParameter BadQuery BadRequest ChainageAmbiguous "
    "ChainageNotFound KeysNeeded PackNotFound UnknownFormat",
    401: "KeyMissing KeyUnknown",
    403: "ForeignOrigin NotAllowed",
    404: "FeatureNotFound FindingNotFound JobNotFound KeyNotFound LayerNotFound ProcessNotFound "
    "OutsideCrs RasterNotFound ResultNotReady RuleNotFound TileNotFound VersionNotFound",
    406: "NotAcceptable",
    408: "BodyTooSlow WorkDropped",
    412: "FeatureChanged",
    413: "AnswerTooLarge BodyTooLarge",
    415: "UnsupportedMediaType",
    421: "UnknownHost",
    # the question is well put, but these layers or this raster cannot answer it
    422: "AccuracyInvalid BadInput ChainageInvalid CrsMismatch EmptyLayer EquationInvalid "
    "FeatureInvalid FeatureTooWide InvalidGeometry KeyNameTaken OutsideRaster RouteInvalid "
    "TooLarge WorkerOutOfMemory WorkerTimeout WrongGeometryType",
    # what stands on the server's disk, or the server itself, is at fault
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "ArchiveRefused BackupInvalid BadData BadEnvironment CatalogueInvalid CoordinateInvalid "
    "ClusterUnreachable DatabaseUnreachable FontMissing PackageMissing TemplateInvalid "
    "CrsContradicted CrsUnknown DatumShiftUnknown DisguisedFile DuplicateId EncodingUnknown "
    "FieldsInvalid FileUnreadable ForeignFileInvalid GeometryTooLarge GeoplanError IndexLies "
    "KeysUnreadable LayerElsewhere MalformedGeometry MixedCoordinates MixedGeometry "
    "NotAGeoPackage OutsidePlan "
    "PackInvalid PortInUse RasterInvalid RemoteReference SourceInvalid TableInvalid TooDeep "
    "UnexpectedObject UnitsMismatch UnstorableColumn WorkerDied ZoneMismatch",
    503: "FileBusy ServiceBusy",
    507: "NotWritable",
}
"""HTTP status → the classes of error that answer with it."""


def test_no_class_of_error_is_forgotten() -> None:
    """A new class has to be put under a status by hand: inheriting one is no decision."""
    decided = {name: status for status, names in EXPECTED.items() for name in names.split()}
    assert {cls.__name__: status_of(cls) for cls in CLASSES} == decided


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_of_error_has_a_status_and_a_title(cls: type[GeoplanError]) -> None:
    branch = next(parent.__name__ for parent in cls.__mro__ if parent in STATUS)
    assert branch in {known.__name__ for known in STATUS}
    status = status_of(cls)
    bad_request = "BadRequest" in {parent.__name__ for parent in cls.__mro__}
    assert 400 <= status < 500 if bad_request else status in (422, 500, 503, 507)
    assert cls.__doc__ is not None
    error = cls.__new__(cls)
    error.args = ("secret /srv/plan/x.gpkg",)
    error.pointer = "/inputs"  # type: ignore[attr-defined]
    error.retry_after = 1  # type: ignore[attr-defined]
    answer = problem_of(error, "/path")
    text = bytes(answer.body).decode()
    assert answer.media_type == "application/problem+json"
    # how busy the service is names no file
    assert ("secret" in text) == (status < 500 or cls is ServiceBusy)


def _check(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The one shape of an error (RFC 9457): type, title, status, detail, instance."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(document)
    assert document["status"] == status
    assert all(isinstance(document[name], str) for name in ("type", "title", "detail", "instance"))
    return document


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/collections/none", 404),
        ("GET", "/collections/none/items", 404),
        ("GET", "/collections/none/items/x", 404),
        ("GET", "/collections/HIGHWAYS", 404),
        ("GET", "/collections/..%2F..%2Fetc%2Fpasswd", 404),
        ("GET", "/collections/highways%00", 404),
        ("GET", f"{ITEMS}/none", 404),
        ("GET", f"{ITEMS}/IP-1/more", 404),
        ("GET", f"{ITEMS}/IP-1'%20OR%201=1", 404),
        ("GET", f"{ITEMS}/%00", 404),
        ("GET", f"{ITEMS}/%ED%A0%80", 404),
        ("GET", f"{ITEMS}/%FF", 404),
        ("GET", f"{ITEMS}/..%2F..%2F..%2Fetc%2Fpasswd", 404),
        ("GET", f"{ITEMS}/{'9' * 3000}", 404),
        ("GET", f"{ITEMS}?limit=x", 400),
        ("GET", f"{ITEMS}/IP-1?bbox=1,2,3,4", 400),
        ("GET", "/?x=1", 400),
        ("GET", "/map?f=gif", 400),
        ("GET", "/health?x=1", 400),
        ("GET", "/processes/none", 404),
        ("GET", "/processes/overlap/execution", 405),
        ("POST", ITEMS, 405),
        ("PUT", f"{ITEMS}/IP-1", 405),
        ("PATCH", f"{ITEMS}/IP-1", 405),
        ("DELETE", f"{ITEMS}/IP-1", 405),
        ("POST", "/", 405),
        ("TRACE", "/", 405),
        ("PROPFIND", "/", 405),
    ],
)
def test_wrong_questions_are_problems(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    document = _check(client.request(method, path), status)
    assert document["instance"].startswith("/")


def test_a_zone_too_large_for_percentiles_is_told(
    town_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zonal, "MAX_QUANTILE_CELLS", 5999)  # IP-1 has 100 × 60 cells
    inputs = {"raster": "elevation", "layers": ["industrial-parks"], "stats": ["p95"]}
    asked = {
        "process": "zonal-statistics", "inputs": inputs, "form": "json", "lang": "en",
        "base": "http://x", "max_cells": 1, "seen": None,
    }  # fmt: skip
    told = execute(str(town_dir), asked)
    assert told["error"] == "TooLarge"
    assert "ask for mean" in told["message"]
    monkeypatch.setattr(zonal, "MAX_QUANTILE_CELLS", 6000)
    assert "body" in execute(str(town_dir), asked)


def test_unknown_parameters_are_named_with_the_known_ones(client: httpx.Client) -> None:
    detail = _check(client.get(f"{ITEMS}?colour=red"), 400)["detail"]
    assert "'colour'" in detail
    assert (
        "known here: f, bbox, bbox-crs, crs, datetime, filter, filter-lang, filter-crs, limit, "
        "after, sortby, properties, name" in detail
    )


def test_unknown_things_are_named_with_the_known_ones(client: httpx.Client) -> None:
    assert "it has: industrial-parks, scenic-areas" in client.get("/collections/x").json()["detail"]
    assert "there are: layers, overlap" in client.get("/processes/x").json()["detail"]
    assert "there is: html, png, svg, pdf" in client.get("/map?f=gif").json()["detail"]


@pytest.fixture
def own_plan(town_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(town_dir, tmp_path / "geheim"))


@pytest.fixture
def own_client(serve: Any, own_plan: Path) -> Iterator[httpx.Client]:
    app = create_app(Catalogue.open(own_plan), Settings())
    with httpx.Client(base_url=serve(app), timeout=30) as found:
        yield found


def test_a_lost_file_is_a_fault_that_names_no_path(
    own_client: httpx.Client, own_plan: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own_plan / "highways.gpkg").unlink()
    with caplog.at_level(logging.ERROR):
        for path in ("/collections/highways/items", "/collections", "/health", "/?f=html"):
            answer = own_client.get(path)
            document = _check(answer, 500)
            assert "geheim" not in answer.text
            assert document["instance"].startswith("urn:uuid:")
            assert document["instance"] in caplog.text
    assert "highways.gpkg" in caplog.text
    assert own_client.get(ITEMS).status_code == 200


def test_a_damaged_geometry_is_a_fault(own_client: httpx.Client, own_plan: Path) -> None:
    connection = open_to_write(own_plan / "highways.gpkg")
    connection.execute("UPDATE highways SET geom = substr(geom, 1, 60) WHERE fid = 2")
    connection.close()
    _check(own_client.get("/collections/highways/items"), 500)
    _check(own_client.get("/collections/highways/items?bbox=122,40,124,42"), 500)
    assert own_client.get("/collections/highways/items?limit=1&after=HW-2").status_code == 200


def test_coordinates_out_of_this_world_are_a_fault(own_client: Any, own_plan: Path) -> None:
    import shapely

    from geoplan.store.blob import encode

    connection = open_to_write(own_plan / "highways.gpkg")
    (lost,) = encode(shapely.linestrings([[[1e300, 0.0], [0.0, 1e300]]]), 4550)
    connection.execute("UPDATE highways SET geom = ? WHERE fid = 2", (lost,))
    connection.close()
    _check(own_client.get("/collections/highways/items"), 500)


def test_a_file_held_by_another_is_busy(own_client: httpx.Client, own_plan: Path) -> None:
    connection = open_to_write(own_plan / "highways.gpkg")
    connection.execute("BEGIN EXCLUSIVE")
    answer = own_client.get("/collections/highways/items")
    connection.execute("ROLLBACK")
    _check(answer, 503)
    assert answer.headers["retry-after"] == "2"
    assert own_client.get("/collections/highways/items").status_code == 200


def test_ids_that_stand_twice_are_a_fault_and_no_loss(own_client: Any, own_plan: Path) -> None:
    connection = open_to_write(own_plan / "highways.gpkg")
    connection.execute("CREATE TABLE t AS SELECT * FROM highways")
    connection.execute("DROP TABLE highways")
    connection.execute("CREATE TABLE highways (fid INTEGER PRIMARY KEY, geom, feature_id TEXT)")
    connection.execute("INSERT INTO highways SELECT fid, geom, 'same' FROM t")
    connection.close()
    for limit in (1, 10):
        _check(own_client.get(f"/collections/highways/items?limit={limit}"), 500)


def test_an_unforeseen_fault_tells_nothing_from_inside(
    serve: Any, town: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(town, Settings())
    app.state.service = replace(app.state.service, tables=None)
    with httpx.Client(base_url=serve(app)) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/collections")
        document = _check(answer, 500)
        for inner in ("NoneType", "attribute", "Traceback", "/work", "tables"):
            assert inner not in answer.text
        assert document["instance"] in caplog.text
        assert client.get("/conformance").status_code == 200
