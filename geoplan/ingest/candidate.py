"""A file with one feature, read and brought home as an import would, but stored nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.ingest.importing import Wishes, import_files

if TYPE_CHECKING:
    from pathlib import Path


def read_candidate(path: Path, plan: Path, source_crs: str | None = None) -> tuple[Any, str]:
    """Return the one geometry of a file and the CRS that it was brought into.

    Parameters
    ----------
    path : Path
        In any format that import reads.
    plan : Path
        Folder with ``catalogue.toml``; its extent tells wrong coordinates.
    source_crs : str, optional
        What the coordinates are in, when the file does not say or is wrong.

    Raises
    ------
    BadQuery
        The file holds no or several features with a position.
    GeoplanError
        As for an import, by name.
    """
    wishes = Wishes(kind="generic", source_crs=source_crs, allow_outside=True, dry_run=True)
    Catalogue.parse(plan)
    found = import_files(plan, [path], wishes)
    shapes = [
        (shape, one.crs)
        for one in found
        for shape in one.features.geometry
        if shape is not None and not shape.is_empty
    ]
    if len(shapes) != 1:
        raise BadQuery(
            f"{path.name} has {len(shapes)} features with a position; a site is one: unite or "
            f"split them first"
        )
    return shapes[0]
