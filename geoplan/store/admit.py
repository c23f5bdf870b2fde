"""Admission of a foreign GeoPackage: looked at whole, without GDAL, before it becomes a layer.

`inspect` tells all that was found, `admit` raises the first thing that refuses the file. The
file is opened read-only; nothing of it runs and nothing is left beside it.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import apsw

from geoplan.errors import IndexLies
from geoplan.store.base import Column
from geoplan.store.ddl import quoted
from geoplan.store.gpkg import named_errors, open_to_read
from geoplan.store.objects import BASIC_TYPES, CAUSES, Features, Finding, survey
from geoplan.store.scan import Scan, compare_index, scan
from geoplan.store.wkb import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.errors import BadData

_VALUES = re.compile(r"(NULL|TEXT|NUMERIC|BLOB|non-\w+) value in ")
_EXTENT_SLACK = 1e-6


@dataclass(frozen=True)
class AdmittedTable:
    """A features table as it was found.

    Attributes
    ----------
    table, key, geometry_column, geometry_type : str
        Names, and the declared type.
    srs_id : int
        The file's number of the CRS; −1 and 0 mean "undefined".
    srs : str
        Authority and code, such as ``EPSG:4549``, or ``undefined``.
    columns : tuple of Column
        The attributes, key and geometry left out.
    count : int
        Rows, those without geometry included.
    indexed : bool
        There is an R-tree.
    extent : tuple of float, optional
        xmin, ymin, xmax, ymax of what is there, not of what ``gpkg_contents`` says.
    """

    table: str
    key: str
    geometry_column: str
    geometry_type: str
    srs_id: int
    srs: str
    columns: tuple[Column, ...]
    count: int
    indexed: bool
    extent: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Admission:
    """What a GeoPackage holds, and all that was found wrong with it."""

    path: Path
    tables: tuple[AdmittedTable, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the file must not become a layer."""
        return any(finding.level == "error" for finding in self.findings)

    def error(self) -> BadData | None:
        """Return the first thing that refuses the file as a named error, None when admitted.

        What rebuilding the index would mend comes last: an `IndexLies` says that nothing else
        is wrong.
        """
        refusing = [finding for finding in self.findings if finding.level == "error"]
        if not refusing:
            return None
        first = min(refusing, key=lambda finding: CAUSES[finding.code] is IndexLies)
        error = first.error()
        return type(error)(f"{self.path.name} is refused: {first.code}: {error}")


def admit(path: Path | str, limits: Limits = LIMITS, *, attributes: bool = False) -> Admission:
    """Look at a foreign GeoPackage and refuse it by name when anything is wrong.

    With `attributes`, one that holds tables without geometry alone, such as the decisions on
    findings, is admitted too.

    Raises
    ------
    NotAGeoPackage
        It cannot be opened, is damaged, or is no GeoPackage.
    UnexpectedObject
        It carries a trigger, view, virtual table, generated column or extension of its own.
    TableInvalid
        Its registers contradict its tables.
    MalformedGeometry, GeometryTooLarge
        A geometry cannot be decoded, or it should not.
    IndexLies
        The R-tree or the feature count contradicts the features: `rebuild_index` mends it.
    """
    admission = inspect(path, limits, attributes=attributes)
    error = admission.error()
    if error is not None:
        raise error
    return admission


def inspect(path: Path | str, limits: Limits = LIMITS, *, attributes: bool = False) -> Admission:
    """Look at a foreign GeoPackage and tell all that was found.

    Raises
    ------
    NotAGeoPackage, TableInvalid
        It cannot be read at all.
    """
    path = Path(path)
    connection = open_to_read(path)
    with closing(connection), named_errors(path):
        return inspect_open(connection, path, limits, attributes=attributes)


def inspect_open(
    connection: apsw.Connection, path: Path, limits: Limits = LIMITS, *, attributes: bool = False
) -> Admission:
    """Look at a GeoPackage that is open already; the connection is fit for nothing else after."""
    _harden(connection, limits)
    tables: list[AdmittedTable] = []
    findings: list[Finding] = []
    try:
        features, findings = survey(connection, attributes=attributes)
        whole = not _refuses(findings)
        if whole:
            findings += _pages(connection)
        if whole and not any(finding.code == "damaged" for finding in findings):
            torn = _refuses(findings)  # an R-tree that contradicts itself cannot be read
            for one in features:
                found = scan(connection, one, limits)
                findings += found.findings
                if one.indexed and not torn and not _refuses(found.findings):
                    findings += compare_index(connection, one, found)
                findings += _kinds(one, found)
                findings += _extent(connection, one, found)
                tables.append(_report(connection, one, found))
            findings += _counts(connection, features)
    except (apsw.InterruptError, TimeoutError):
        findings.append(Finding("too_slow", "error", "file",
                                f"looking took longer than {limits.seconds:g} s"))  # fmt: skip
    return Admission(path, tuple(tables), tuple(findings))


def _refuses(findings: list[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)


def _harden(connection: apsw.Connection, limits: Limits) -> None:
    """Let nothing in the file run, and nothing run for ever."""
    for name in ("ENABLE_TRIGGER", "ENABLE_VIEW", "TRUSTED_SCHEMA", "DQS_DML"):
        connection.config(getattr(apsw, f"SQLITE_DBCONFIG_{name}"), 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, max(2 * limits.blob_bytes, 2**24))
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA ignore_check_constraints = ON")  # they are the file's own code
    connection.execute("PRAGMA cell_size_check = ON")
    deadline = monotonic() + limits.seconds
    connection.set_progress_handler(lambda: monotonic() > deadline, 100_000)


def _pages(connection: apsw.Connection) -> Iterator[Finding]:
    """Check every page, and what each R-tree says of itself."""
    for (message,) in connection.execute("PRAGMA quick_check(100)").fetchall():
        text = str(message)
        if text == "ok":
            continue
        if text.startswith("In RTree "):
            yield Finding("index_lies", "error", text.split()[2].rstrip(":"),
                          f"{text}: rebuild it (geoplan admit --rebuild-index FILE)")  # fmt: skip
        elif _VALUES.match(text):
            yield Finding("odd_value", "warning", text.rsplit(" ", 1)[-1], text)
        else:
            yield Finding("damaged", "error", "file",
                          f"{text}: restore it from a copy")  # fmt: skip
            return


def _kinds(features: Features, found: Scan) -> Iterator[Finding]:
    declared = features.geometry_type.replace("GEOMCOLLECTION", "GEOMETRYCOLLECTION")
    other = found.kinds - {declared}
    if declared in BASIC_TYPES and other:
        yield Finding("other_geometry_type", "warning", features.table,
                      f"it says {declared} and also holds {', '.join(sorted(other))}")  # fmt: skip


def _extent(connection: apsw.Connection, features: Features, found: Scan) -> Iterator[Finding]:
    extent = found.extent()
    said = connection.execute(
        "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?",
        (features.table,),
    ).fetchall()[0]
    if extent is None or any(edge is None for edge in said):
        return
    signs = (1, 1, -1, -1)
    if not all(
        isinstance(edge, int | float)
        and sign * (edge - real) <= _EXTENT_SLACK * max(1.0, abs(real))
        for edge, real, sign in zip(said, extent, signs, strict=True)
    ):
        yield Finding("extent_lies", "warning", features.table,
                      f"gpkg_contents says {said}, its features reach {extent}")  # fmt: skip


def _counts(connection: apsw.Connection, features: list[Features]) -> Iterator[Finding]:
    if not connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'gpkg_ogr_contents'"
    ).get:
        return
    for one in features:
        (real,) = connection.execute(f"SELECT count(*) FROM {quoted(one.table)}").fetchall()[0]
        for (said,) in connection.execute(
            "SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?)",
            (one.table,),
        ).fetchall():
            if said is not None and said != real:
                yield Finding("count_lies", "error", one.table,
                              f"gpkg_ogr_contents says {said!r} features, there are {real}: "
                              f"geoplan admit --rebuild-index FILE")  # fmt: skip


def _report(connection: apsw.Connection, features: Features, found: Scan) -> AdmittedTable:
    columns = tuple(
        Column(str(name), str(type_))
        for name, type_ in connection.execute(
            "SELECT name, type FROM pragma_table_info(?)", (features.table,)
        )
        if name not in (features.key, features.column)
    )
    named: Any = connection.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (features.srs_id,),
    ).fetchall()[0]
    srs = "undefined" if features.srs_id in (0, -1) else f"{named[0]}:{named[1]}"
    return AdmittedTable(
        table=features.table, key=features.key, geometry_column=features.column,
        geometry_type=features.geometry_type, srs_id=features.srs_id, srs=srs, columns=columns,
        count=found.total, indexed=features.indexed, extent=found.extent(),
    )  # fmt: skip
