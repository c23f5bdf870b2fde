"""Foreign files to foreign tables: GeoPackages through our own store, the rest in a worker."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

from geoplan import workers
from geoplan.errors import FileUnreadable, IndexLies, LayerNotFound, TableInvalid
from geoplan.ingest.formats import check_content, format_of, refuse_addresses
from geoplan.ingest.table import ForeignTable
from geoplan.model import Layer, Text
from geoplan.progress import QUIET
from geoplan.store import GeoPackageStore
from geoplan.store.admit import inspect
from geoplan.store.blob import wkb
from geoplan.store.objects import CAUSES

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.ingest.formats import Format
    from geoplan.progress import Progress
    from geoplan.store.admit import AdmittedTable


def read_file(
    path: Path,
    *,
    encoding: str | None = None,
    table: str | None = None,
    declared: bool = False,
    limits: workers.Limits | None = None,
    progress: Progress = QUIET,
) -> tuple[Format, list[ForeignTable]]:
    """Return the format and the tables of a foreign file.

    Parameters
    ----------
    path : Path
        A file; a folder for a File Geodatabase or shapefiles.
    encoding : str, optional
        Of its texts, when the user states one.
    table : str, optional
        The one wanted, where there are several.
    declared : bool
        Whether the user states the CRS, so that the file's own word on it does not count.
    progress : Progress, optional
        Told how many rows are read.

    Raises
    ------
    ForeignFileInvalid, UnknownFormat, BadData
        By name; see `geoplan.errors`.
    WorkerDied, WorkerTimeout, WorkerOutOfMemory
        Reading it crashed, took too long, or wanted too much memory.
    """
    refuse_addresses(str(path))
    form = format_of(path)
    if not path.exists():
        raise FileUnreadable(f"there is no file {path}")
    if form.key == "gpkg":
        check_content(path, form)
        return form, _geopackage(path, table, progress)
    found = workers.run(
        "geoplan.ingest.worker:read",
        str(path.resolve()),
        form.key,
        encoding,
        table,
        declared,
        limits=limits,
        report=progress.report("reading"),
    )
    return form, [ForeignTable(**plain) for plain in found]


def sha256_of(path: Path) -> str:
    """Return the checksum of a file; of a folder, that of its files' names and checksums."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _geopackage(path: Path, wanted: str | None, progress: Progress) -> list[ForeignTable]:
    """Read the features tables of a GeoPackage once it is admitted; its R-tree is not asked."""
    admission = inspect(path)
    lies = [
        finding
        for finding in admission.findings
        if finding.level == "error" and CAUSES[finding.code] is IndexLies
    ]
    error = admission.error()
    if error is not None and not isinstance(error, IndexLies):
        raise error
    tables = [one for one in admission.tables if wanted in (None, one.table)]
    if wanted is not None and not tables:
        tables = list(admission.tables)
    if not tables:
        raise TableInvalid(f"{path.name} has no features table")
    parts = progress.split(*(one.count for one in tables))
    found = [features_of(path, *its) for its in zip(tables, parts, strict=True)]
    for one in found:
        one.notes += [("index_rebuilt", {"count": len(lies)})] if lies else []
    return found


def features_of(path: Path, one: AdmittedTable, progress: Progress = QUIET) -> ForeignTable:
    """Return a table of a GeoPackage that was admitted."""
    layer = Layer(
        id="foreign",
        kind="generic",
        title=Text(zh=one.table, en=one.table),
        geometry="area",
        file=path.name,
        table=one.table,
        source=Text(zh="–", en="–"),
        source_date=date(1970, 1, 1),
    )
    with GeoPackageStore(path) as store:
        crs = store.table(layer).crs
        rows = list(progress.each(store.rows(layer), "reading", one.count))
    columns = {
        column.name: (
            column.type.upper().split("(")[0],
            [attributes[column.name] for _, attributes, _ in rows],
        )
        for column in one.columns
    }
    known = {name: (_PLAIN.get(type_, type_), values) for name, (type_, values) in columns.items()}
    geometry = [None if blob is None else wkb(blob) for _, _, blob in rows]
    code = "" if crs is None else one.srs if one.srs.startswith("EPSG:") else crs.to_wkt()
    return ForeignTable(one.table, "geoplan", code, known, geometry)


_PLAIN = {
    "DOUBLE": "REAL", "FLOAT": "REAL", "INT": "INTEGER", "MEDIUMINT": "INTEGER",
    "SMALLINT": "INTEGER", "TINYINT": "INTEGER",
}  # fmt: skip


def one_of(tables: list[ForeignTable], wanted: str, path: Path) -> ForeignTable:
    """Return the table of a name.

    Raises
    ------
    LayerNotFound
        There is none.
    """
    for table in tables:
        if table.name == wanted:
            return table
    there = ", ".join(table.name for table in tables)
    raise LayerNotFound(f"{path.name} has no table {wanted!r}; it has: {there}")
