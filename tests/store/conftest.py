"""What the store's tests share. GDAL and ``sqlite3`` live in other processes, never in this one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geoplan.model import Layer, Text
from geoplan.store.write import write_geopackage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GDAL_WORKER = Path(__file__).with_name("gdal_worker.py")


@pytest.fixture(scope="session")
def layer() -> Callable[..., Layer]:
    """Describe the table ``things``, whose ids stand in ``feature_id``."""

    def describe(**changes: Any) -> Layer:
        entry = {
            "id": "things",
            "kind": "generic",
            "title": Text(zh="东西", en="Things"),
            "geometry": "area",
            "id_column": "feature_id",
            "source": Text(zh="测试", en="Test"),
            "source_date": date(2025, 1, 1),
        }
        return Layer(**entry | changes)

    return describe


@pytest.fixture(scope="session")
def frame() -> Callable[..., gpd.GeoDataFrame]:
    """Make a GeoDataFrame of id → WKT (or None), and columns."""

    def make(shapes: dict[Any, str | None], crs: Any = 4550, **columns: Any) -> gpd.GeoDataFrame:
        geometries = [None if wkt is None else shapely.from_wkt(wkt) for wkt in shapes.values()]
        features = gpd.GeoDataFrame(
            columns, geometry=gpd.GeoSeries(geometries, crs=crs), crs=crs, index=range(len(shapes))
        )
        features.index = pd.Index(list(shapes))
        return features

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a GeoDataFrame as the table ``things`` of ``things.gpkg``; say what differs."""

    def write(features: gpd.GeoDataFrame, path: Path | None = None, **changes: Any) -> Path:
        target = path or tmp_path / "things.gpkg"
        options: dict[str, Any] = {
            "table": "things",
            "id_column": "feature_id",
            "identifier": "东西",
            "description": "for tests",
            "last_change": datetime(2025, 1, 1, 8, 30, tzinfo=UTC),
        }
        write_geopackage(target, features=features, **options | changes)
        return target

    return write


@pytest.fixture(scope="session")
def beside() -> Callable[[Path], dict[str, str]]:
    """Fingerprint everything in a file's folder: name → sha256."""

    def fingerprint(path: Path) -> dict[str, str]:
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in path.parent.iterdir()
        }

    return fingerprint


@pytest.fixture(scope="session")
def elsewhere() -> Callable[..., Any]:
    """Run a script in a process of its own; it prints JSON."""

    def run(script: str, *arguments: object, before: str = "") -> Any:
        command = [sys.executable, "-W", "error", "-c", before + script, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def gdal() -> Iterator[Callable[..., Any]]:
    """Ask GDAL, in its own process; a warning of GDAL's fails the test."""
    worker = subprocess.Popen(
        [sys.executable, str(GDAL_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    to_worker, from_worker = worker.stdin, worker.stdout

    def ask(task: str, **arguments: Any) -> Any:
        to_worker.write(json.dumps({"task": task, **arguments}, default=str) + "\n")
        to_worker.flush()
        answer = json.loads(from_worker.readline())
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    with worker:
        yield ask
        to_worker.close()


@pytest.fixture
def holding() -> Iterator[Callable[..., None]]:
    """Let another program (Python's own ``sqlite3``) hold a file open after some SQL."""
    script = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for name in ("ST_IsEmpty", "ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY"):
    connection.create_function(name, 1, lambda _: 0)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("ready", flush=True)
sys.stdin.read()
"""
    programs: list[subprocess.Popen[str]] = []

    def hold(path: Path, *statements: str) -> None:
        program = subprocess.Popen(
            [sys.executable, "-c", script, str(path), *statements],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        programs.append(program)
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"

    yield hold
    for program in programs:
        with program:
            assert program.stdin is not None
            program.stdin.close()
