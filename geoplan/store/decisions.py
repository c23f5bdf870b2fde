"""Decisions on findings: one row each in ``decisions.gpkg``, appended and never changed.

The file is a GeoPackage with one attributes table, so that any GIS shows it. It is made whole
beside its place at the first decision; a decision is one short transaction, so that a kill loses
none that was told as kept.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import apsw

from geoplan.errors import BadData, NotWritable, TableInvalid
from geoplan.store import ddl
from geoplan.store.frame import utc_text
from geoplan.store.gpkg import named_errors, open_to_read
from geoplan.store.objects import refuse_unexpected
from geoplan.store.write import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE, TABLE = "decisions.gpkg", "decisions"
WORDS = ("open", "accepted", "mitigated", "exempt")
"""What may be decided of a finding; ``open`` takes an earlier decision back."""


@dataclass(frozen=True)
class Decision:
    """A decision on a finding, and what the finding was when it was decided.

    Attributes
    ----------
    finding_id : str
        Stable as long as rule, layers and features are (`geoplan.rules.findings`).
    decision : str
        One of `WORDS`.
    decided_by : str
        Role or office.
    decided_on : date
    note : str, optional
    rule_id, subject_layer, subject_id, object_layer, object_id : str, optional
        What it is on; None where a finding is on many at once.
    severity, outcome : str
    measured, margin : float, optional
        In the unit of the rule.
    shared_area_m2, shared_length_m : float, optional
    feature_count : int
        How many features the finding is on, where it lists them; else 0.
    report_code : str
        Of the check that found it.
    """

    finding_id: str
    decision: str
    decided_by: str
    decided_on: date
    note: str | None
    rule_id: str
    subject_layer: str | None
    subject_id: str | None
    object_layer: str | None
    object_id: str | None
    severity: str
    outcome: str
    measured: float | None
    margin: float | None
    shared_area_m2: float | None
    shared_length_m: float | None
    feature_count: int
    report_code: str


_NUMBERS = ("measured", "margin", "shared_area_m2", "shared_length_m")
_OPTIONAL = ("note", "subject_layer", "subject_id", "object_layer", "object_id")
_NAMES = tuple(one.name for one in fields(Decision))
_RECORDED = "recorded_at"


def _type(name: str) -> str:
    if name in _NUMBERS:
        return "DOUBLE"
    if name in _OPTIONAL:
        return "TEXT"
    stored = {"decided_on": "DATE", "feature_count": "INTEGER", _RECORDED: "DATETIME"}
    return f"{stored.get(name, 'TEXT')} NOT NULL"


_TYPES = {name: _type(name) for name in (*_NAMES, _RECORDED)}


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Return all decisions of a file, the oldest first; none where there is no file.

    Raises
    ------
    NotAGeoPackage, UnexpectedObject, TableInvalid
        The file is broken, or is another's.
    FileBusy
        Another program is writing to it.
    """
    if not path.exists():
        return ()
    _roll_back(path)
    with closing(open_to_read(path)) as connection, named_errors(path):
        _refuse_foreign(connection, path)
        columns = ", ".join(map(ddl.quoted, ("fid", *_NAMES)))
        rows = connection.execute(f"SELECT {columns} FROM {TABLE} ORDER BY fid").fetchall()
    return tuple(_decision(path, *row) for row in rows)


def append_decision(path: Path, decision: Decision) -> None:
    """Write a decision behind those that a file holds; the first one makes the file.

    Raises
    ------
    NotAGeoPackage, UnexpectedObject, TableInvalid
        The file is broken, or is another's; it is left as it is.
    FileBusy
        Another program is writing to it.
    NotWritable
        The file or its folder is read-only or full.
    BadQuery
        A text cannot stand in a database.
    """
    if not path.exists():
        _make(path)
    now = utc_text(datetime.now(tz=UTC))
    values = (*astuple(decision), now)
    with _writing(path) as connection:
        _refuse_foreign(connection, path)
        marks = ", ".join("?" * len(values))
        told = [one.isoformat() if isinstance(one, date) else one for one in values]
        names = ", ".join(map(ddl.quoted, _TYPES))
        connection.execute(f"INSERT INTO {TABLE} ({names}) VALUES ({marks})", told)
        connection.execute(
            "UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?", (now, TABLE)
        )


@contextmanager
def _writing(path: Path) -> Iterator[apsw.Connection]:
    """Yield a connection in a transaction that is kept whole, or not at all."""
    with named_errors(path), closing(_open_to_write(path)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # closing without it undoes all
        except (apsw.ReadOnlyError, apsw.FullError, apsw.IOError) as error:
            raise NotWritable(f"cannot write {path}: {error}; nothing was decided") from error


def _open_to_write(path: Path) -> apsw.Connection:
    try:
        # without SQLITE_OPEN_CREATE: a file that has just gone is not made anew, empty
        connection = apsw.Connection(str(path.resolve()), flags=apsw.SQLITE_OPEN_READWRITE)
        if connection.readonly("main"):
            connection.close()
            raise NotWritable(f"cannot write {path}: it is read-only")
    except apsw.CantOpenError as error:
        raise NotWritable(f"cannot write {path}: {error}") from error
    connection.set_busy_timeout(2000)
    connection.execute("PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL").fetchall()
    return connection


def _roll_back(path: Path) -> None:
    """Undo what a killed program left half-written: a read-only connection cannot."""
    real = path.resolve()
    if real.with_name(real.name + "-journal").exists():
        with named_errors(path), closing(_open_to_write(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def _make(path: Path) -> None:
    """Make a file without decisions; one that somebody else made meanwhile stays."""
    with replacing(path, keep=True) as connection, connection:
        connection.execute(ddl.BASE)
        ddl.insert(connection, "gpkg_spatial_ref_sys", *ddl.default_srs())
        ddl.create_attribute_table(connection, TABLE, _TYPES)
        about = "Decisions on findings, the newest last; the last one on a finding counts."
        now = utc_text(datetime.now(tz=UTC))
        row = (TABLE, "attributes", TABLE, about, now, None, None, None, None, None)
        ddl.insert(connection, "gpkg_contents", row)
        ddl.count_features(connection, TABLE)


def _refuse_foreign(connection: apsw.Connection, path: Path) -> None:
    """Refuse a file that is not one of ours: nothing of it may run, nothing in it be changed."""
    try:
        refuse_unexpected(connection, attributes=True)
    except BadData as error:
        raise type(error)(f"{path}, where decisions are kept, is refused: {error}") from error
    kind = connection.execute(
        "SELECT data_type FROM gpkg_contents WHERE table_name = ?", (TABLE,)
    ).get
    there = {
        str(name): str(type_)
        for name, type_ in connection.execute("SELECT name, type FROM pragma_table_info(?)",
                                              (TABLE,))
    }  # fmt: skip
    wanted = {name: type_.split()[0] for name, type_ in _TYPES.items()}
    wrong = [name for name, type_ in wanted.items() if there.get(name) != type_]
    if kind != "attributes" or wrong:
        lacks = f"columns {', '.join(wrong)}" if there and wrong else f"attributes table {TABLE!r}"
        raise TableInvalid(
            f"{path} holds no decisions (it lacks the {lacks}): that name is kept for the "
            f"decisions on findings; move the file, or restore it from a copy"
        )


def _decision(path: Path, fid: Any, *values: Any) -> Decision:
    told = dict(zip(_NAMES, values, strict=True))
    for name, value in told.items():
        if not _fits(name, value):
            raise TableInvalid(
                f"{path}, decision {fid}: {name} = {value!r} is not to be read; mend it in the "
                f"table {TABLE!r}, or restore the file from a copy"
            )
    told["decided_on"] = date.fromisoformat(told["decided_on"])
    return Decision(**told)


def _fits(name: str, value: Any) -> bool:
    """Tell whether a value is what its column holds: SQLite takes anything."""
    if name in _NUMBERS:
        return value is None or (isinstance(value, int | float) and isfinite(value))
    if name == "feature_count":
        return isinstance(value, int)
    if name == "decision":
        return value in WORDS
    if not isinstance(value, str):
        return value is None and name in _OPTIONAL
    if name == "decided_on":
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
    return True
