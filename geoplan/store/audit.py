"""The audit of a GeoPackage: a table to which every edit adds one line, in its own transaction.

Lines are only ever added. No trigger guards them, because a file that carries triggers of its
own is refused everywhere; what guards them is that nothing here updates or deletes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from geoplan.store import ddl
from geoplan.store.triggers import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

TABLE = "geoplan_audit"
_CREATE = f"""
CREATE TABLE {TABLE} (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  time DATETIME NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  table_name TEXT NOT NULL,
  feature_id TEXT NOT NULL,
  changed TEXT NOT NULL,
  before_version TEXT,
  after_version TEXT
)
"""
_REGISTER = f"""
INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES
  ('{TABLE}', 'attributes', '{TABLE}', '编辑记录 · Who changed which feature, and when')
"""


class Step(NamedTuple):
    """One step of the layout of our own tables: what to run, and how the table then reads."""

    statements: tuple[str, ...]
    shape: str


STEPS: tuple[Step, ...] = (Step((_CREATE, _REGISTER), _CREATE),)
"""How a file came to the layout of today, oldest first; a later layout adds a step."""


class Line(NamedTuple):
    """One edit: when, by whom, what, of which feature, from which version to which.

    `changed` lists the columns whose values differ, never the values.
    """

    time: str
    who: str
    action: str
    feature_id: str
    changed: str
    before_version: str | None
    after_version: str | None


def is_ours(sql: str, steps: Sequence[Step] = STEPS) -> bool:
    """Tell whether the SQL of a table is the audit table's, in this layout or an earlier one."""
    return len(sql) < 4000 and words(sql) in [words(step.shape) for step in steps]


def bring_up(connection: apsw.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Bring our own tables to the layout of today, within the transaction that is open.

    A process that is killed meanwhile leaves the layout that was there: the next edit begins
    again. The layout is told by the table itself, so no number can contradict it.
    """
    found = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (TABLE,)
    ).get
    done = 0
    if found is not None:
        shapes = [words(step.shape) for step in steps]
        done = shapes.index(words(str(found))) + 1
    for step in steps[done:]:
        for statement in step.statements:
            connection.execute(statement)


def record(connection: apsw.Connection, table: str, line: Line) -> None:
    """Add one line, within the transaction of the edit that it tells of."""
    connection.execute(
        f"INSERT INTO {TABLE} (time, who, action, table_name, feature_id, changed, "
        f"before_version, after_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*line[:3], table, *line[3:]),
    )


def now() -> str:
    """Return the time as a GeoPackage writes it: UTC, milliseconds, Z."""
    moment = datetime.now(tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def touched(connection: apsw.Connection, table: str, moment: str) -> None:
    """Write when a table, and the audit with it, last changed."""
    connection.execute(
        f"UPDATE {ddl.quoted('gpkg_contents')} SET last_change = ? WHERE table_name IN (?, ?)",
        (moment, table, TABLE),
    )
