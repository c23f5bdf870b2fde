"""The servers that are measured: ours, tipg on PostGIS, pygeoapi on the same GeoPackage.

Each peer stands in an environment of its own under benchmarks/data/service, made when it is first
wanted, because their needs contradict ours. tipg needs PostGIS (Debian: postgresql and
postgresql-15-postgis-3), pygeoapi GDAL's Python (python3-gdal); without them the peer is absent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import httpx
from geoplan_api.server import listen

ROOT = Path(__file__).parents[2]
DATA = ROOT / "benchmarks" / "data" / "service"
POSTGRES = Path("/usr/lib/postgresql/15/bin")
TIPG = ("tipg==1.6.1", "uvicorn[standard]")
PYGEOAPI = ("pygeoapi==0.21.0", "starlette", "uvicorn[standard]")
DEBIAN = Path("/usr/bin/python3")
_WAIT_S = 60


class Absent(Exception):
    """A peer cannot be had here."""


@dataclass(frozen=True)
class Running:
    """A server.

    Attributes
    ----------
    name : str
        What it is called in the table.
    base : str
        Its address.
    process : Popen
        The worker that answers.
    helpers : tuple of int
        Processes whose whole families work for it: the postmaster of a database.
    """

    name: str
    base: str
    process: subprocess.Popen[bytes]
    helpers: tuple[int, ...] = ()


@contextmanager
def ours(plan: Path) -> Iterator[Running]:
    """Serve a plan with one worker."""
    port = _free_port()
    command = [*_uvicorn(Path(sys.executable), port), "--factory", "benchmarks.service.served:app"]
    with _started("geoplan", command, port, {"GEOPLAN_PLAN": str(plan)}) as running:
        yield running


@contextmanager
def tipg(frame: gpd.GeoDataFrame) -> Iterator[Running]:
    """Serve polygons out of PostGIS with one worker of tipg.

    Raises
    ------
    Absent
        There is no PostGIS, or tipg cannot be installed.
    """
    python = _environment("tipg", Path(sys.executable), TIPG)
    with _postgis(frame) as (url, postmaster):
        port = _free_port()
        command = [*_uvicorn(python, port), "tipg.main:app"]
        told = {"DATABASE_URL": url, "DB_MIN_CONN_SIZE": "1", "DB_MAX_CONN_SIZE": "1"}
        with _started("tipg", command, port, told) as running:
            yield Running(running.name, running.base, running.process, (postmaster,))


@contextmanager
def pygeoapi(geopackage: Path) -> Iterator[Running]:
    """Serve a GeoPackage with one worker of pygeoapi, by its OGR provider.

    Raises
    ------
    Absent
        There is no GDAL for Debian's Python, or pygeoapi cannot be installed.
    """
    python = _environment("pygeoapi", DEBIAN, PYGEOAPI, "pyproj", "shapely")
    with tempfile.TemporaryDirectory() as name:
        own, port = Path(shutil.copy(geopackage, name)), _free_port()
        config, openapi = Path(name) / "config.yml", Path(name) / "openapi.yml"
        config.write_text(_PYGEOAPI.format(port=port, path=own), encoding="utf-8")
        told = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
        _run([str(python.with_name("pygeoapi")), "openapi", "generate", str(config),
              "--output-file", str(openapi)], {**os.environ, **told})  # fmt: skip
        command = [*_uvicorn(python, port), "pygeoapi.starlette_app:APP"]
        with _started("pygeoapi", command, port, told) as running:
            yield running


_PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 10, max_items: 10000}}
  map: {{url: 'http://127.0.0.1/{{z}}', attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification:
    title: Benchmark
    description: Benchmark
    keywords: [benchmark]
    keywords_type: theme
    terms_of_service: none
    url: http://127.0.0.1
  license: {{name: none, url: 'http://127.0.0.1'}}
  provider: {{name: none, url: 'http://127.0.0.1'}}
  contact: {{name: none, email: none@localhost}}
resources:
  parcels:
    type: collection
    title: Parcels
    description: Parcels
    keywords: [parcels]
    extents: {{spatial: {{bbox: [122.8, 40.9, 123.2, 41.2], crs: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'}}}}
    providers:
      - type: feature
        name: OGR
        data:
          source_type: GPKG
          source: {path}
          source_capabilities: {{paging: true}}
        id_field: fid
        layer: parcels
"""


@contextmanager
def _postgis(frame: gpd.GeoDataFrame) -> Iterator[tuple[str, int]]:
    """Make a database of its own, run by the user postgres, with the polygons in it."""
    if not (POSTGRES / "initdb").exists():
        raise Absent("no PostgreSQL 15 (Debian: postgresql)")
    if not list(Path("/usr/share/postgresql/15/extension").glob("postgis.control")):
        raise Absent("no PostGIS (Debian: postgresql-15-postgis-3)")
    folder, port = Path(tempfile.mkdtemp(prefix="geoplan-bench-", dir="/var/tmp")), _free_port()
    shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    control = [str(POSTGRES / "pg_ctl"), "-D", str(data), "-w"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=512MB"
    try:
        _run(_as_postgres(str(POSTGRES / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8"))
        log = str(folder / "log")
        _run(_as_postgres(*control, "-l", log, "-o", options, "start"))
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _load(url, frame)
        yield url, int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    finally:
        with suppress(subprocess.CalledProcessError):
            _run(_as_postgres(*control, "-m", "fast", "stop"))
        shutil.rmtree(folder, ignore_errors=True)


def _load(url: str, frame: gpd.GeoDataFrame) -> None:
    columns = [name for name in frame.columns if name != "geometry"]
    types = {"area_m2": "double precision", "floors": "bigint"}
    declared = ", ".join(f"{name} {types.get(name, 'text')}" for name in columns)
    rows = frame[columns].assign(geom=frame.geometry.to_wkb(hex=True))
    rows["geom"] = [f"SRID={frame.crs.to_epsg()};{text}" for text in rows["geom"]]
    script = f"""
CREATE EXTENSION postgis;
CREATE TABLE parcels (fid bigint PRIMARY KEY, {declared},
                      geom geometry(Polygon, {frame.crs.to_epsg()}));
COPY parcels FROM STDIN WITH (FORMAT csv);
"""
    after = "\\.\nCREATE INDEX ON parcels USING gist (geom);\nVACUUM ANALYZE parcels;\n"
    text = script + rows.to_csv(header=False) + after
    _run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url], dict(os.environ), text)


def _as_postgres(*command: str) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command]


def _environment(name: str, python: Path, packages: tuple[str, ...], *own: str) -> Path:
    """Return the Python of a peer's environment, made where there is none."""
    folder = DATA / name
    found = folder / "bin" / "python"
    if (folder / "ready").exists():
        return found
    system = python == DEBIAN
    if system and subprocess.run([DEBIAN, "-c", "import osgeo"], check=False).returncode:
        raise Absent("no GDAL for Debian's Python (python3-gdal)")
    try:
        _run([str(python), "-m", "venv", *(["--system-site-packages"] * system), str(folder)])
        pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *packages])
        if own:  # Debian's bring data that are not found from here
            _run([*pip, "--ignore-installed", *own])
    except subprocess.CalledProcessError as error:
        raise Absent(f"{packages[0]} cannot be installed: {error.stderr[-300:]}") from error
    (folder / "ready").touch()
    return found


@contextmanager
def _started(name: str, command: list[str], port: int, told: dict[str, str]) -> Iterator[Running]:
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command, env={**os.environ, **told}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(base, name, process)
            yield Running(name, base, process)
        finally:
            process.terminate()


def _wait(base: str, name: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{base}/conformance", timeout=10).status_code == 200:
                return
        time.sleep(0.1)
    raise Absent(f"{name} does not answer")


def _uvicorn(python: Path, port: int) -> list[str]:
    quiet = ["--log-level", "warning", "--no-access-log"]
    return [str(python), "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), *quiet]


def _free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def _run(command: list[str], env: dict[str, str] | None = None, text: str | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, env=env, input=text)
