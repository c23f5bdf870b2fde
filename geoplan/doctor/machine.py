"""Libraries, their data, and fonts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from geoplan.doctor.check import Check
from geoplan.errors import FontMissing
from geoplan.store.capabilities import has_rtree, sqlite_version

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_SQLITE = (3, 51)
_EASTING, _MERIDIAN = 500_000.0, 123.0
_DATA = {"GDAL_DATA": "gdalvrt.xsd", "PROJ_DATA": "proj.db", "PROJ_LIB": "proj.db"}
"""Variable that names a folder of data → a file that has to be there."""


def proj() -> Check:
    """Check that PROJ has its database and computes: a false easting lies on its meridian."""
    import pyproj
    from pyproj.exceptions import DataDirError, ProjError

    told = {"version": pyproj.proj_version_str}
    try:
        way = pyproj.Transformer.from_crs("EPSG:4550", "EPSG:4490", always_xy=True)
        longitude, _ = way.transform(_EASTING, 4_550_000.0)
    except (ProjError, DataDirError) as error:
        return Check("fail", "proj_fail", {**told, "why": str(error).splitlines()[0]})
    if abs(longitude - _MERIDIAN) > 1e-9:
        return Check("fail", "proj_fail", {**told, "why": f"{_MERIDIAN} != {longitude}"})
    return Check("ok", "proj_ok", told)


def gdal() -> Check:
    """Check that GDAL has its data files."""
    from geoplan.raster.installed import gdal_has_data

    if gdal_has_data():
        return Check("ok", "gdal_ok", {})
    return Check("fail", "gdal_fail", {"folder": os.environ.get("GDAL_DATA", "?")})


def gdal_proj() -> Check:
    """Check that the PROJ within GDAL, another than pyproj's, has its database."""
    from geoplan.raster.installed import gdal_knows_crs

    if gdal_knows_crs(4550):
        return Check("ok", "gdal_proj_ok", {})
    return Check("fail", "gdal_proj_fail", {"folder": os.environ.get("PROJ_DATA", "?")})


def data_folders() -> Iterator[Check]:
    """Check folders that the environment names, without loading the libraries that use them."""
    for name, file in _DATA.items():
        folder = os.environ.get(name)
        if folder and not (Path(folder) / file).is_file():
            yield Check("fail", "data_fail", {"name": name, "folder": folder, "file": file})


def fonts() -> Check:
    """Check that there is a font with Chinese characters, as fontconfig tells."""
    program = shutil.which("fc-list")
    if program is None:
        return Check("warn", "fonts_unknown", {})
    try:
        answer = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            [program, ":lang=zh", "family"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Check("warn", "fonts_unknown", {})
    families = sorted({line.split(",")[0] for line in answer.stdout.splitlines() if line.strip()})
    if not families:
        return Check("warn", "fonts_warn", {})
    return Check("ok", "fonts_ok", {"family": families[0], "count": len(families)})


def figure_font() -> Check:
    """Check which font figures and reports in PDF are set in: that of the settings, or the best."""
    from geoplan.figure.fonts import font

    try:
        found = font()
    except FontMissing as error:
        return Check("warn", "figure_font_warn", {"why": str(error)})
    return Check("ok", "figure_font_ok", {"family": found.family, "file": str(found.files[0])})


def sqlite() -> Check:
    """Check the version of SQLite, and that it has R-trees."""
    version = sqlite_version()
    told = {"version": version, "oldest": ".".join(map(str, OLDEST_SQLITE))}
    if tuple(map(int, version.split(".")))[:2] < OLDEST_SQLITE or not has_rtree():
        return Check("fail", "sqlite_fail", told)
    return Check("ok", "sqlite_ok", told)
