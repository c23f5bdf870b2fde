"""Rows written as they come: GeoParquet or GeoPackage, whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geoplan.errors import BadQuery, NotWritable
from geoplan.store.growing import growing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyproj import CRS

    from geoplan.store.growing import GrowingTable


class Rows(Protocol):
    """A file that grows, or a folder that fills.

    Attributes
    ----------
    folder : Path, optional
        Where workers write their parts themselves, so that none of their rows travel.
    """

    folder: Path | None

    def write(self, table: pa.Table) -> None:
        """Append rows: plain columns, and ``geometry`` as WKB where they have one."""


@contextmanager
def writing(to: Path, crs: CRS) -> Iterator[Rows]:
    """Give what takes rows; the file or folder stands at `to` when all went well.

    Raises
    ------
    BadQuery
        Its ending is neither ``.parquet`` nor ``.gpkg``, nor none.
    NotWritable
        It cannot be written, and what stood there is unchanged; a folder is there already.
    """
    match to.suffix.lower():
        case ".parquet":
            with _parquet(to, crs) as rows:
                yield rows
        case ".gpkg":
            with growing(to, to.stem, crs) as table:
                yield _GeoPackage(table)
        case "":
            with _folder(to) as rows:
                yield rows
        case other:
            raise BadQuery(
                f"unknown format {other}: use .parquet or .gpkg, or no ending for a folder"
            )


@contextmanager
def _parquet(to: Path, crs: CRS) -> Iterator[Rows]:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as folder:
            part = Path(folder) / to.name
            rows = _Parquet(part, crs)
            yield rows
            rows.close()
            part.chmod(0o644)
            part.replace(to)
    except (OSError, pa.ArrowException) as error:
        raise NotWritable(f"cannot write {to}: {error}; what stood there is unchanged") from error


@contextmanager
def _folder(to: Path) -> Iterator[Rows]:
    if to.exists():
        raise NotWritable(f"{to} is there already: remove it, or name another folder")
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    except OSError as error:
        raise NotWritable(f"cannot write in {to.parent}: {error.strerror}") from error
    try:
        yield _Folder(part)
        part.chmod(0o755)
        part.rename(to)
    except OSError as error:
        raise NotWritable(f"cannot write {to}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_part(folder: Path, number: int, crs: CRS, table: pa.Table) -> None:
    """Write the rows of a part as a file of a folder; who does so again leaves the same."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        part = Path(file.name)
    rows = _Parquet(part, crs)
    rows.write(table)
    rows.close()
    part.chmod(0o644)
    part.replace(folder / f"part-{number:05d}.parquet")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder

    def write(self, table: pa.Table) -> None:
        """Do nothing: the rows stand there already."""


class _GeoPackage:
    folder: Path | None = None

    def __init__(self, table: GrowingTable) -> None:
        self._table = table

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        rows = table.to_pandas()
        if "geometry" in rows:
            rows["geometry"] = shapely.from_wkb(rows["geometry"].to_numpy())
        self._table.write(rows)


class _Parquet:
    """GeoParquet 1.1; the first rows say what its columns are."""

    folder: Path | None = None

    def __init__(self, path: Path, crs: CRS) -> None:
        self._path, self._crs = path, crs
        self._file: pq.ParquetWriter | None = None
        self._nothing: pa.Table | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        if len(table) == 0:
            self._nothing = table  # what has no rows does not say of which types they are
            return
        self._append(table)

    def _append(self, table: pa.Table) -> None:
        if self._file is None:
            about = {"geo": json.dumps(self._about())} if "geometry" in table.schema.names else {}
            schema = table.schema.with_metadata(about)
            self._file = pq.ParquetWriter(self._path, schema, compression="zstd")
        self._file.write_table(table.cast(self._file.schema))

    def close(self) -> None:
        """Write the end of the file."""
        if self._file is None and self._nothing is not None:
            self._append(self._nothing)
        if self._file is not None:
            self._file.close()

    def _about(self) -> dict[str, Any]:
        column = {
            "encoding": "WKB",
            "geometry_types": [],
            "crs": json.loads(self._crs.to_json()),
        }
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
