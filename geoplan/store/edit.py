"""Editing a layer's table: one short transaction for each edit, acknowledged when it is on disk.

With the feature go its R-tree entry, the count, the extent, the time of the last change and a
line of audit, in the same transaction: a kill at any moment leaves all of it or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from geoplan.errors import FeatureChanged, FeatureInvalid, FeatureNotFound
from geoplan.store import audit, upkeep
from geoplan.store.ddl import quoted
from geoplan.store.gpkg import GeoPackageStore
from geoplan.store.table_now import TableNow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import apsw

    from geoplan.model import FeatureId, Layer
    from geoplan.store.journal import EditedFile
    from geoplan.store.table_now import ServedRow

Versions = frozenset[str] | None
"""Versions of a feature of which one must be the present one; None where any will do."""

_MOST = 2**63 - 1


@dataclass(frozen=True)
class Draft:
    """What is to be stored of a feature.

    Attributes
    ----------
    values : mapping of str to value
        Columns and what SQLite is to hold; those that are not named stay, or take their default.
    geometry : bytes, optional
        The GeoPackage geometry; None for none.
    drawn : bool
        Whether `geometry` counts; False leaves the one that is there.
    id : str or int, optional
        The id that a new feature asks for.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    geometry: bytes | None = None
    drawn: bool = True
    id: FeatureId | None = None


class Written(NamedTuple):
    """A feature that was written: its id, and its version now."""

    id: FeatureId
    version: str


def insert(file: EditedFile, layer: Layer, draft: Draft, who: str) -> Written:
    """Add a feature.

    Raises
    ------
    FeatureInvalid
        Its id is taken or cannot be one, or the table refuses a value.
    FileBusy, NotWritable
        Another program holds the file, or the disk does not take it; nothing is changed.
    """
    with file.transaction() as connection:
        edit = _Edit(connection, file, layer)
        shape = edit.table.shape
        values = {shape.geometry: draft.geometry, **draft.values}
        chosen = edit.new_id(draft.id)
        if chosen is not None:
            values[shape.id_column] = chosen
        names = ", ".join(map(quoted, values))
        marks = ", ".join("?" * len(values))
        connection.execute(
            f"INSERT INTO {edit.name} ({names}) VALUES ({marks})", tuple(values.values())
        )
        key = connection.last_insert_rowid()
        row = edit.row_of(key)
        edit.follow("create", who, None, row)
        return Written(row.id, row.version)


def change(
    file: EditedFile,
    layer: Layer,
    feature_id: str,
    draft: Draft,
    who: str,
    *,
    replace: bool = False,
    versions: Versions = None,
) -> Written:
    """Update a feature by what a draft names, or replace it: then all else becomes null.

    Raises
    ------
    FeatureNotFound
        There is no feature of that id.
    FeatureChanged
        It is in none of the versions that it should be in.
    FeatureInvalid
        The table refuses a value.
    FileBusy, NotWritable
        Another program holds the file, or the disk does not take it; nothing is changed.
    """
    with file.transaction() as connection:
        edit = _Edit(connection, file, layer)
        before = edit.present(feature_id, versions)
        shape = edit.table.shape
        values: dict[str, Any] = {}
        if replace:
            values = {column.name: None for column in shape.columns}
        if replace or draft.drawn:
            values[shape.geometry] = draft.geometry
        values |= draft.values
        if values:
            settings = ", ".join(f"{quoted(name)} = ?" for name in values)
            connection.execute(
                f"UPDATE {edit.name} SET {settings} WHERE {quoted(shape.key)} = ?",
                (*values.values(), before.key),
            )
        row = edit.row_of(before.key)
        edit.follow("replace" if replace else "update", who, before, row)
        return Written(row.id, row.version)


def delete(
    file: EditedFile, layer: Layer, feature_id: str, who: str, *, versions: Versions = None
) -> None:
    """Remove a feature.

    Raises
    ------
    FeatureNotFound, FeatureChanged, FileBusy, NotWritable
        As for `change`.
    """
    with file.transaction() as connection:
        edit = _Edit(connection, file, layer)
        before = edit.present(feature_id, versions)
        connection.execute(
            f"DELETE FROM {edit.name} WHERE {quoted(edit.table.shape.key)} = ?", (before.key,)
        )
        edit.follow("delete", who, before, None)


def settle_if_edited(file: EditedFile, layer: Layer) -> None:
    """Make right what other programs wrote, since it was edited here, of a table as a whole.

    Raises
    ------
    FileBusy, NotWritable
        As for `change`.
    """
    if file.was_settled(layer.table):
        with file.transaction() as connection:
            _Edit(connection, file, layer).settle()


class _Edit:
    """The table of one layer within one transaction."""

    def __init__(self, connection: apsw.Connection, file: EditedFile, layer: Layer) -> None:
        self.connection, self._file, self._layer = connection, file, layer
        self.table = TableNow.within(GeoPackageStore(file.path, connection), layer)
        self.name = quoted(layer.table)

    def present(self, feature_id: str, versions: Versions) -> ServedRow:
        """Return a feature that is to be changed, in the version that it should be in."""
        row = self.table.row(feature_id)
        if row is None:
            raise FeatureNotFound(f"layer {self._layer.id!r} has no feature {feature_id!r}")
        if versions is not None and row.version not in versions:
            raise FeatureChanged(
                f"feature {feature_id!r} of layer {self._layer.id!r} was changed by another since "
                f"it was read: read it again, and decide anew"
            )
        return row

    def row_of(self, key: int) -> ServedRow:
        """Return the row of a key, as it is stored now."""
        (row,) = self.table.rows_of([key])
        return row

    def new_id(self, wanted: FeatureId | None) -> FeatureId | None:
        """Return the id of a new feature; None leaves it to SQLite."""
        shape = self.table.shape
        whole = "INT" in self._type_of(shape.id_column)
        if wanted is not None:
            return self._free(_whole(wanted) if whole else _text(wanted))
        if not whole:
            return str(uuid4())
        if shape.id_column == shape.key:
            return None
        last = self.connection.execute(
            f"SELECT coalesce(max({quoted(shape.id_column)}), 0) FROM {self.name}"
        ).get
        return int(last) + 1

    def _free(self, wanted: FeatureId) -> FeatureId:
        taken = self.connection.execute(
            f"SELECT count(*) FROM {self.name} WHERE {quoted(self.table.shape.id_column)} = ?",
            (wanted,),
        ).get
        if taken:
            raise FeatureInvalid(
                f"layer {self._layer.id!r} has a feature {wanted!r} already: leave the id out, "
                f"or choose another",
                "/id",
            )
        return wanted

    def _type_of(self, column: str) -> str:
        return str(
            self.connection.execute(
                "SELECT upper(type) FROM pragma_table_info(?) WHERE name = ?",
                (self._layer.table, column),
            ).get
        )

    def settle(self) -> None:
        """Make right what other programs may have written of the table as a whole."""
        if self._file.others_wrote(self._layer.table):
            upkeep.settle(self.connection, self._layer.table, self.table)
            self._file.settled(self._layer.table)

    def follow(
        self, action: str, who: str, before: ServedRow | None, after: ServedRow | None
    ) -> None:
        """Bring all that depends on the feature after it, and record the edit."""
        row = after or before
        assert row is not None  # noqa: S101 - for the type
        done = upkeep.Change(
            row.key,
            None if before is None else before.geometry,
            None if after is None else after.geometry,
            (after is not None) - (before is not None),
        )
        upkeep.follow(self.connection, self._layer.table, self.table, done)
        self.settle()
        moment = audit.now()
        audit.bring_up(self.connection)
        audit.touched(self.connection, self._layer.table, moment)
        line = audit.Line(
            moment,
            who,
            action,
            str(row.id),
            ", ".join(self._changed(before, after)),
            None if before is None else before.version,
            None if after is None else after.version,
        )
        audit.record(self.connection, self._layer.table, line)

    def _changed(self, before: ServedRow | None, after: ServedRow | None) -> list[str]:
        if before is None or after is None:
            return []
        names = [column.name for column in self.table.columns]
        pairs = zip(names, before.values, after.values, strict=True)
        changed = [name for name, was, is_ in pairs if was != is_]
        drawn = before.geometry != after.geometry
        return [*changed, self.table.shape.geometry] if drawn else changed


def _whole(wanted: FeatureId) -> int:
    try:
        number = int(wanted) if str(wanted).isascii() else -1
    except ValueError:
        number = -1
    if not (0 <= number <= _MOST and str(number) == str(wanted)):
        raise FeatureInvalid(
            f"{wanted!r} can be no id here: ids of this layer are whole numbers", "/id"
        )
    return number


def _text(wanted: FeatureId) -> str:
    text = str(wanted)
    if not text or "\0" in text or len(text) > 255:
        raise FeatureInvalid("an id is a text of 1 to 255 characters", "/id")
    return text
