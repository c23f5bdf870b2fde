"""A layer's table as its file is now: rows and keys, without frames."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import numpy as np

from geoplan.errors import DuplicateId, TableInvalid
from geoplan.model import Bbox
from geoplan.store.answers import Answers
from geoplan.store.base import Column
from geoplan.store.columns import ColumnCopy, Copies
from geoplan.store.condition import Condition, Rank
from geoplan.store.ddl import quoted
from geoplan.store.gpkg import named_errors
from geoplan.store.state import version_of
from geoplan.store.whereabouts import Extent, Whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.model import FeatureId, Layer
    from geoplan.store.condition import SortKey
    from geoplan.store.gpkg import GeoPackageStore, Shape
    from geoplan.store.state import FileState

    Keys = NDArray[np.int64]


class ServedRow(NamedTuple):
    """A feature as stored: key of the row, id, geometry blob, values of the columns asked for."""

    key: int
    id: FeatureId
    geometry: bytes | None
    values: tuple[Any, ...]

    @property
    def version(self) -> str:
        """Name of what is stored: a hash of id, geometry and values, when all were asked for."""
        stored = repr(self[1:]).encode("utf-8", "backslashreplace")
        return hashlib.blake2b(stored, digest_size=12).hexdigest()


class ServedColumns(NamedTuple):
    """Features as stored, column by column; alike in length, in the order of their keys."""

    keys: tuple[int, ...]
    ids: tuple[FeatureId, ...]
    geometries: tuple[bytes | None, ...]
    values: tuple[tuple[Any, ...], ...]


@dataclass
class Known:
    """What is known of a table while its file stays as it is."""

    state: FileState
    shape: Shape
    crs: CRS | None
    count: int | None = None
    extent: Extent | None = None
    unlocated: Keys | None = None
    answers: Answers = field(default_factory=Answers)
    copies: Copies = field(default_factory=Copies)


class TableNow:
    """A table as its file is now."""

    def __init__(self, path: Path, layer: Layer, connection: apsw.Connection, known: Known) -> None:
        self._path, self._layer, self._connection, self._known = path, layer, connection, known

    @classmethod
    def within(cls, store: GeoPackageStore, layer: Layer) -> TableNow:
        """Return the table as a transaction sees it: nothing known of it is kept."""
        shape, crs = store.shape(layer)
        return cls(store.path, layer, store.connection, Known((), shape, crs))

    @property
    def version(self) -> str:
        """Name of the state of the file."""
        return version_of(self._known.state)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The attributes."""
        return self._known.shape.columns

    @property
    def id_column(self) -> Column:
        """The column that holds the ids, which is none of the attributes."""
        return Column(self.shape.id_column, self.shape.id_type)

    @property
    def crs(self) -> CRS | None:
        """The CRS; None when the file says "undefined"."""
        return self._known.crs

    @property
    def shape(self) -> Shape:
        """Where things stand in the table: names of key, id and geometry."""
        return self._known.shape

    def declared(self) -> tuple[str, int]:
        """Return the geometry type that the table declares, and its Z: 0 no, 1 must, 2 may."""
        statement = (
            "SELECT upper(geometry_type_name), z FROM gpkg_geometry_columns WHERE table_name = :t"
        )
        type_, z = next(self._ask(statement, {"t": self._layer.table}))
        return str(type_), int(z)

    def count(self) -> int:
        """Return how many features there are, those without geometry included."""
        if self._known.count is None:
            found = self._ask(f"SELECT count(*) FROM {self._table}")
            self._known.count = int(next(found)[0])
        return self._known.count

    def row(self, feature_id: str, columns: Sequence[Column] | None = None) -> ServedRow | None:
        """Return the feature of an id; None when there is none of exactly that id."""
        condition = f"{quoted(self.shape.id_column)} = :id"
        for found in self._rows(condition, {"id": feature_id}, columns):
            if str(found.id) == feature_id:  # SQLite takes '01' for 1
                return found
        return None

    def page(
        self, after: FeatureId | None, limit: int, columns: Sequence[Column] | None = None
    ) -> list[ServedRow]:
        """Return features in the order of their ids, those that come after one."""
        name = quoted(self.shape.id_column)
        condition, values = "1", {"limit": limit, "after": after}
        if after is not None:
            condition = f"{name} > :after"
        ordered = f"{condition} ORDER BY {name} LIMIT :limit"
        return self._distinct(list(self._rows(ordered, values, columns)))

    def rows(self, keys: Keys, columns: Sequence[Column] | None = None) -> list[ServedRow]:
        """Return the features of keys, in their order; one that is gone is passed over."""
        return self._distinct(self.rows_of(keys.tolist(), columns))

    def rows_of(self, keys: list[int], columns: Sequence[Column] | None = None) -> list[ServedRow]:
        """Return the features of keys as they are, whatever their ids."""
        condition = f"{quoted(self.shape.key)} IN (SELECT value FROM json_each(:keys))"
        listed = {"keys": json.dumps(keys)}
        found = {row.key: row for row in self._rows(condition, listed, columns)}
        return [found[key] for key in keys if key in found]

    def ids(self, keys: Keys) -> list[FeatureId]:
        """Return the ids of keys, in their order; one that is gone is passed over."""
        key, id_ = quoted(self.shape.key), quoted(self.shape.id_column)
        found = dict(
            self._ask(
                f"SELECT {key}, {id_} FROM {self._table} "
                f"WHERE {key} IN (SELECT value FROM json_each(:keys))",
                {"keys": json.dumps(keys.tolist())},
            )
        )
        return [found[one] for one in keys.tolist() if one in found]

    def by_column(self, keys: Keys, columns: Sequence[Column]) -> ServedColumns:
        """Return the features of keys column by column; one that is gone is passed over."""
        condition = f"{quoted(self.shape.key)} IN (SELECT value FROM json_each(:keys))"
        statement, flags = self._statement(
            f"{condition} ORDER BY {quoted(self.shape.key)}", columns
        )
        with named_errors(self._path):
            cursor = self._connection.execute(statement, {"keys": json.dumps(keys.tolist())})
            found = cursor.fetchall()
        if not found:
            return ServedColumns((), (), (), ((),) * len(columns))
        # column by column: to zip as many rows as there are takes four times as long
        own, ids, geometries, *values = (
            tuple(map(itemgetter(at), found)) for at in range(len(found[0]))
        )
        for at in flags:
            name = columns[at].name
            values[at] = tuple(
                _truth(value, name, id_) for value, id_ in zip(values[at], ids, strict=True)
            )
        return ServedColumns(own, ids, geometries, tuple(values))

    def keys(
        self,
        conditions: Sequence[Condition] = (),
        order: tuple[SortKey, ...] = (),
        outer: Bbox | None = None,
        inner: Bbox | None = None,
    ) -> tuple[Keys, NDArray[np.bool_]]:
        """Return the keys of the rows that may answer a question, in their order.

        Parameters
        ----------
        conditions : sequence of Condition
            All must hold.
        order : tuple of SortKey
            Before the id, which always decides last.
        outer : Bbox, optional
            Only features whose box meets this one [CRS of the table].
        inner : Bbox, optional
            Within `outer`: what lies in it needs no closer look.

        Returns
        -------
        tuple of ndarray
            Keys, and whether the row surely answers: all do without `outer`.
        """
        values: dict[str, Any] = {}
        clauses = [f"({condition.text})" for condition in conditions]
        for condition in conditions:
            values.update((name, _bindable(value)) for name, value in condition.values)
        source, sure = f"{self._table} AS t", "1"
        if outer is not None and self.shape.rtree is not None:
            values |= dict(zip(("west", "south", "east", "north"), outer, strict=True))
            met = "r.maxx >= :west AND r.minx <= :east AND r.maxy >= :south AND r.miny <= :north"
            sure = "0" if inner is None else _WITHIN
            if inner is not None:
                values |= dict(zip(("iwest", "isouth", "ieast", "inorth"), inner, strict=True))
            rtree = quoted(self.shape.rtree)
            if not conditions and not order and self.shape.id_column == self.shape.key:
                found = self._pairs(f"SELECT r.id, {sure} FROM {rtree} AS r WHERE {met}", values)
                first = np.argsort(found[0], kind="stable")
                return found[0][first], found[1][first]
            source = f"{rtree} AS r CROSS JOIN {source} ON t.{quoted(self.shape.key)} = r.id"
            clauses.insert(0, met)
        elif outer is not None:
            sure = "0"
        memory = self._copied(conditions) if outer is None else None
        where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        by = [f"t.{quoted(key.column)}{' DESC' if key.descending else ''}" for key in order]
        by.append(f"t.{quoted(self.shape.id_column)}")
        return self._pairs(
            f"SELECT t.{quoted(self.shape.key)}, {sure} FROM {source}{where} "
            f"ORDER BY {', '.join(by)}",
            values,
            memory,
        )

    def _copied(self, conditions: Sequence[Condition]) -> ColumnCopy | None:
        """Return the attributes in memory, if conditions look at every row more than once."""
        if not conditions or any(condition.is_listed for condition in conditions):
            return None
        return self._known.copies.after_scan(self._copy)

    def _copy(self) -> ColumnCopy:
        shape = self.shape
        columns = [column for column in (self.id_column, *self.columns) if column.name != shape.key]
        names = ", ".join(quoted(name) for name in [shape.key, *(one.name for one in columns)])
        rows = self._ask(f"SELECT {names} FROM {self._table}")
        return ColumnCopy(self._layer.table, shape.key, columns, rows)

    def boxes(self, outer: Bbox | None) -> tuple[Keys, NDArray[np.float64] | None]:
        """Return the features whose boxes meet one; see `Whereabouts.boxes`."""
        return self._places().boxes(outer)

    def ordered(
        self, keys: Keys, conditions: Sequence[Condition], order: tuple[SortKey, ...]
    ) -> Keys:
        """Return those of the keys whose rows meet all conditions, in their order."""
        values: dict[str, Any] = {"keys": json.dumps(keys.tolist())}
        text = f"t.{quoted(self.shape.key)} IN (SELECT value FROM json_each(:keys))"
        listed = Condition(text, tuple(values.items()))
        return self.keys([listed, *conditions], order)[0]

    def unlocated(self) -> Keys:
        """Return the keys of the features without a position: no geometry, or an empty one."""
        if self._known.unlocated is None:
            self._known.unlocated = self._places().unlocated()
        return self._known.unlocated

    def extent(self) -> Extent:
        """Return where the features lie, to the bit, by their own boxes."""
        if self._known.extent is None:
            self._known.extent = self._places().extent()
        return self._known.extent

    def kept(self, question: Hashable, find: Callable[[], Keys]) -> Keys:
        """Return the keys that answer a question, found once while the file stays as it is."""
        return self._known.answers.kept(question, find)

    def is_kept(self, question: Hashable) -> bool:
        """Tell whether a question was answered since the file changed."""
        return question in self._known.answers

    def place_after(self, keys: Keys, last: tuple[Any, ...], order: tuple[SortKey, ...]) -> int:
        """Return where in keys the rows begin that come after sort values and an id.

        The row itself may be gone: its values tell where it was.
        """
        names = [*(key.column for key in order), self.shape.id_column]
        statement = (
            f"SELECT {', '.join(map(quoted, names))} FROM {self._table} "
            f"WHERE {quoted(self.shape.key)} = :key"
        )

        def values(key: Any) -> tuple[Any, ...]:
            return tuple(next(self._ask(statement, {"key": int(key)})))

        def place(key: Any) -> Rank:
            return Rank(values(key), order)

        if len(keys) and isinstance(values(keys[0])[-1], int):
            last = (*last[:-1], _number(last[-1]))
        return bisect_right(keys, Rank(last, order), key=place)

    def order_values(self, row: ServedRow, order: tuple[SortKey, ...]) -> tuple[Any, ...]:
        """Return the sort values and the id of a row."""
        names = [*(key.column for key in order), self.shape.id_column]
        statement = (
            f"SELECT {', '.join(map(quoted, names))} FROM {self._table} "
            f"WHERE {quoted(self.shape.key)} = :key"
        )
        return tuple(next(self._ask(statement, {"key": row.key})))

    @property
    def _table(self) -> str:
        return quoted(self._layer.table)

    def _places(self) -> Whereabouts:
        return Whereabouts(self._ask, self._table, self.shape)

    def _ask(self, statement: str, values: dict[str, Any] | None = None) -> Iterator[Any]:
        with named_errors(self._path):
            yield from self._connection.execute(statement, values or {})

    def _pairs(
        self, statement: str, values: dict[str, Any], memory: ColumnCopy | None = None
    ) -> tuple[Keys, NDArray[np.bool_]]:
        found = memory.ask(statement, values) if memory else list(self._ask(statement, values))
        table = np.array(found, dtype=np.int64).reshape(-1, 2)
        return np.ascontiguousarray(table[:, 0]), table[:, 1].astype(bool)

    def _rows(
        self, condition: str, values: dict[str, Any], columns: Sequence[Column] | None
    ) -> Iterator[ServedRow]:
        wanted = self.columns if columns is None else columns
        statement, flags = self._statement(condition, wanted)
        for found in self._ask(statement, values):
            key, feature_id, geometry = found[:3]
            rest = found[3:]
            if flags:
                told = list(rest)
                for at in flags:
                    told[at] = _truth(told[at], wanted[at].name, feature_id)
                rest = tuple(told)
            yield ServedRow(key, feature_id, geometry, rest)

    def _statement(self, condition: str, columns: Sequence[Column]) -> tuple[str, list[int]]:
        """Return the question for key, id, geometry and columns, and which of these are flags."""
        shape = self.shape
        names = [shape.key, shape.id_column, shape.geometry, *(column.name for column in columns)]
        flags = [at for at, column in enumerate(columns) if column.type.upper() == "BOOLEAN"]
        listed = ", ".join(map(quoted, names))
        return f"SELECT {listed} FROM {self._table} WHERE {condition}", flags

    def _distinct(self, rows: list[ServedRow]) -> list[ServedRow]:
        """Refuse ids that would make a feature stand on no page: none, or one that stands twice."""
        previous: Any = None
        for row in rows:
            if row.id is None or row.id == previous:
                culprit = "no id" if row.id is None else f"the id {row.id!r} twice"
                raise DuplicateId(f"layer {self._layer.id!r} has a feature with {culprit}")
            previous = row.id
        return rows


_WITHIN = "r.minx >= :iwest AND r.maxx <= :ieast AND r.miny >= :isouth AND r.maxy <= :inorth"


def _bindable(value: Any) -> Any:
    """Return a value as SQLite takes it: an array of keys as a table of its own."""
    if not isinstance(value, np.ndarray):
        return value
    return apsw.carray(value) if len(value) else None  # a table of nothing


def _number(value: Any) -> Any:
    """Return an id as SQLite compares it with whole numbers."""
    try:
        return int(value) if isinstance(value, str) and value.isascii() else value
    except ValueError:
        return value


def _truth(value: Any, column: str, feature_id: Any) -> bool | None:
    if value is None:
        return None
    if value not in (0, 1):
        raise TableInvalid(
            f"feature {feature_id!r}: {column} = {value!r} is neither true nor false"
        )
    return bool(value)
