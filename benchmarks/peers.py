"""Peers that speak SQL, with the layers of a folder resident in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.contest import Absent, Answer, Contestant, Job, read

DSN = "GEOPLAN_BENCH_DSN"
SERVERS = ("PostGIS",)
_SCHEMA = "geoplan_bench"


def by_sql(names: tuple[str, ...], question: str) -> dict[str, Contestant]:
    """Return the three contestants for a question that one SELECT answers.

    Parameters
    ----------
    names : tuple of str
        The layers it asks, each a table with ``id`` and ``geometry``.
    question : str
        SQL whose columns are the figures. ``{union}`` stands for the union aggregate.
    """
    return {
        "DuckDB": lambda folder: _ask_duckdb(folder, names, question),
        "SedonaDB": lambda folder: _ask_sedonadb(folder, names, question),
        "PostGIS": lambda folder: _ask_postgis(folder, names, question),
    }


def duckdb_with(folder: Path, names: tuple[str, ...]) -> Any:
    """Return a DuckDB connection with the layers as tables; nothing is fetched from a network.

    Raises
    ------
    Absent
        DuckDB or its spatial extension is not installed.
    """
    if find_spec("duckdb") is None or find_spec("duckdb_extension_spatial") is None:
        raise Absent("duckdb and duckdb-extension-spatial are not installed")
    import duckdb
    import duckdb_extension_spatial

    # the wheel is a folder with the extension in it, signed by DuckDB
    (package,) = duckdb_extension_spatial.__path__
    version = f"v{duckdb.__version__}"
    extension = Path(package) / "extensions" / version / "spatial.duckdb_extension"
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute(f"LOAD '{extension}'")
    for name in names:
        path = folder / f"{name}.parquet"
        connection.execute(f"CREATE TABLE {name} AS SELECT id, geometry FROM '{path}'")  # noqa: S608
    return connection


def _ask_duckdb(folder: Path, names: tuple[str, ...], question: str) -> Job:
    connection = duckdb_with(folder, names)
    sql = question.format(union="ST_Union_Agg")

    def job() -> Any:
        found = connection.execute(sql)
        columns, row = [column[0] for column in found.description], found.fetchone()
        return lambda: Answer(dict(zip(columns, row, strict=True)))

    return job


def _ask_sedonadb(folder: Path, names: tuple[str, ...], question: str) -> Job:
    if find_spec("sedonadb") is None:
        raise Absent("sedonadb is not installed")
    import pyarrow as pa
    import sedonadb

    context = sedonadb.connect()
    for name in names:
        context.read_parquet(str(folder / f"{name}.parquet")).to_memtable().to_view(name)
    sql = question.format(union="ST_Union_Agg")

    def job() -> Any:
        (row,) = pa.RecordBatchReader.from_stream(context.sql(sql)).read_all().to_pylist()
        return lambda: Answer(row)

    return job


def _ask_postgis(folder: Path, names: tuple[str, ...], question: str) -> Job:
    dsn = os.environ.get(DSN)
    if dsn is None:
        raise Absent(f"no server: give one in {DSN}")
    if shutil.which("psql") is None:
        raise Absent("psql is not installed")
    for name in names:
        _copy(dsn, name, read(folder, name)[0])
    sql = f"SELECT row_to_json(answer) FROM ({question.format(union='ST_Union')}) AS answer"  # noqa: S608

    def job() -> Any:
        import json

        row = json.loads(_psql(dsn, sql))
        return lambda: Answer(row)

    return job


def _copy(dsn: str, name: str, layer: Any) -> None:
    table = f"{_SCHEMA}.{name}"
    rows = "\n".join(f"{key}\t{wkb}" for key, wkb in layer.geometry.to_wkb(hex=True).items())
    begin = f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}; DROP TABLE IF EXISTS {table}; "
    begin += f"CREATE UNLOGGED TABLE {table} (id bigint PRIMARY KEY, geometry geometry);"
    _psql(dsn, begin)
    _psql(dsn, f"COPY {table} FROM STDIN", rows + "\n")
    _psql(dsn, f"CREATE INDEX ON {table} USING gist (geometry)")
    _psql(dsn, f"VACUUM ANALYZE {table}")


def _psql(dsn: str, sql: str, text: str = "") -> str:
    command = ["psql", dsn, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    options = {"PGOPTIONS": f"-c search_path={_SCHEMA},public -c client_min_messages=warning"}
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, env=os.environ | options
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout
