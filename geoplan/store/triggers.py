"""Which triggers a GeoPackage may carry: those of the standard and of GDAL, word for word.

A trigger runs when a file is written to, so its name proves nothing. Its text is cut into
words, written one way, and compared with the text that the standard gives for that name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(
    r"""(?P<gap>[ \t\n\f\r]+|--[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<name>[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)
    |(?P<number>[0-9]+)
    |(?P<sign><>|!=|<=|>=|==|.)""",
    re.VERBOSE | re.DOTALL,
)
_LONGEST = 20_000
"""Characters; no standard trigger comes near, and cutting into words takes time."""
_RTREE = {
    "insert": (
        (
            "AFTER INSERT ON {t} WHEN NEW.{c} NOT NULL AND NOT ST_IsEmpty(NEW.{c}) "
            "BEGIN INSERT OR REPLACE INTO {r} VALUES ({new}); END"
        ),
    ),
    "update1": (
        (
            "AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {there} "
            "BEGIN INSERT OR REPLACE INTO {r} VALUES ({new}); END"
        ),
    ),
    "update2": (
        (
            "AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {gone} "
            "BEGIN DELETE FROM {r} WHERE id = OLD.{i}; END"
        ),
    ),
    "update3": (
        (
            "AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {there} BEGIN DELETE FROM {r} "
            "WHERE id = OLD.{i}; INSERT OR REPLACE INTO {r} VALUES ({new}); END"
        ),
        (
            "AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} != NEW.{i} AND {there} BEGIN DELETE FROM {r} "
            "WHERE id = OLD.{i}; INSERT OR REPLACE INTO {r} VALUES ({new}); END"
        ),
    ),
    "update4": (
        (
            "AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {gone} "
            "BEGIN DELETE FROM {r} WHERE id IN (OLD.{i}, NEW.{i}); END"
        ),
    ),
    "update5": (
        (
            "AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {there} BEGIN DELETE FROM {r} "
            "WHERE id = OLD.{i}; INSERT OR REPLACE INTO {r} VALUES ({new}); END"
        ),
    ),
    "update6": (
        (
            "AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {there} AND {was} "
            "BEGIN UPDATE {r} SET minx = ST_MinX(NEW.{c}), maxx = ST_MaxX(NEW.{c}), "
            "miny = ST_MinY(NEW.{c}), maxy = ST_MaxY(NEW.{c}) WHERE id = NEW.{i}; END"
        ),
    ),
    "update7": (
        (
            "AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {there} AND {was_not} "
            "BEGIN INSERT INTO {r} VALUES ({new}); END"
        ),
    ),
    "delete": (
        "AFTER DELETE ON {t} WHEN OLD.{c} NOT NULL BEGIN DELETE FROM {r} WHERE id = OLD.{i}; END",
    ),
}
_PARTS = {
    "new": "NEW.{i}, ST_MinX(NEW.{c}), ST_MaxX(NEW.{c}), ST_MinY(NEW.{c}), ST_MaxY(NEW.{c})",
    "there": "NEW.{c} NOTNULL AND NOT ST_IsEmpty(NEW.{c})",
    "gone": "(NEW.{c} ISNULL OR ST_IsEmpty(NEW.{c}))",
    "was": "OLD.{c} NOTNULL AND NOT ST_IsEmpty(OLD.{c})",
    "was_not": "(OLD.{c} ISNULL OR ST_IsEmpty(OLD.{c}))",
}
_SAME = {("isnull",): ("is", "null"), ("notnull",): ("not", "null"), ("<>",): ("!=",)}


def words(sql: str) -> tuple[str, ...]:
    r"""Cut SQL into words: names as ``name``, text as ``'text'``, keywords in small letters.

    Examples
    --------
    >>> words('SELECT "A", [b] /* no */ FROM t WHERE x = \'It\'\'s\' -- no')
    ('select', 'a', ',', 'b', 'from', 't', 'where', 'x', '=', "'It's'")
    """
    return tuple(_words(sql, 0))


def names(sql: str, start: int, name: str) -> bool:
    """Tell whether the first word of SQL from `start` on is a name, however quoted."""
    first = next(_words(sql, start), "")
    return first in (_small(name), f"'{name}'")


def _words(sql: str, start: int) -> Iterator[str]:
    for match in _WORD.finditer(sql, start):
        kind, text = match.lastgroup, match.group()
        if kind == "gap":
            continue
        if kind == "string":
            yield "'" + text[1:-1].replace("''", "'") + "'"
        elif kind == "quoted":
            end = text[-1]
            yield _small(text[1:-1].replace(end * 2, end))
        else:
            yield _small(text)


def is_standard(name: str, sql: str, table: str, column: str, key: str) -> bool:
    """Tell whether a trigger on a features table is one of the standard's, or of GDAL's.

    Parameters
    ----------
    name, sql : str
        As they stand in ``sqlite_schema``.
    table, column, key : str
        The features table, its geometry column and its primary key.
    """
    if len(sql) > _LONGEST:
        return False
    return _normal(sql) in _expected(_small(name), table, column, key)


def is_standard_of_table(name: str, sql: str, table: str) -> bool:
    """Tell whether a trigger on a table without geometry keeps its count, as GDAL's do."""
    if len(sql) > _LONGEST:
        return False
    return _normal(sql) in _counting(_small(name), table)


def is_of_tile_matrix(name: str, sql: str) -> bool:
    """Tell whether a trigger is one of the ten that GDAL sets on every file for its tiles."""
    return len(sql) <= _LONGEST and _tile_matrix().get(name) == _normal(sql)


def _expected(name: str, table: str, column: str, key: str) -> tuple[tuple[str, ...], ...]:
    prefix = _small(f"rtree_{table}_{column}_")
    texts = _RTREE.get(name.removeprefix(prefix), ()) if name.startswith(prefix) else ()
    names = {"c": _quoted(column), "i": _quoted(key)}
    names |= {part: text.format(**names) for part, text in _PARTS.items()}
    names |= {"t": _quoted(table), "r": _quoted(f"rtree_{table}_{column}")}
    full = (f"CREATE TRIGGER {_quoted(name)} {text.format(**names)}" for text in texts)
    return tuple(_normal(text) for text in full) + _counting(name, table)


def _counting(name: str, table: str) -> tuple[tuple[str, ...], ...]:
    for event, sign in (("insert", "+"), ("delete", "-")):
        if name == _small(f"trigger_{event}_feature_count_{table}"):
            text = "'" + table.replace("'", "''") + "'"
            sql = (
                f"CREATE TRIGGER {_quoted(name)} AFTER {event} ON {_quoted(table)} BEGIN "
                f"UPDATE gpkg_ogr_contents SET feature_count = feature_count {sign} 1 "
                f"WHERE lower(table_name) = lower({text}); END"
            )
            return (_normal(sql),)
    return ()


@cache
def _tile_matrix() -> dict[str, tuple[str, ...]]:
    found = {}
    for column, words_, test in (
        ("zoom_level", "cannot be less than 0", "(NEW.zoom_level < 0)"),
        ("matrix_width", "cannot be less than 1", "(NEW.matrix_width < 1)"),
        ("matrix_height", "cannot be less than 1", "(NEW.matrix_height < 1)"),
        ("pixel_x_size", "must be greater than 0", "NOT (NEW.pixel_x_size > 0)"),
        ("pixel_y_size", "must be greater than 0", "NOT (NEW.pixel_y_size > 0)"),
    ):
        for event, when in (("insert", "INSERT"), ("update", f"UPDATE OF {column}")):
            name = f"gpkg_tile_matrix_{column}_{event}"
            found[name] = _normal(
                f"CREATE TRIGGER '{name}' BEFORE {when} ON 'gpkg_tile_matrix' BEGIN SELECT "
                f"RAISE(ABORT, '{event} on table ''gpkg_tile_matrix'' violates constraint: "
                f"{column} {words_}') WHERE {test}; END"
            )  # fmt: skip
    return found


@lru_cache(maxsize=1024)
def _normal(sql: str) -> tuple[str, ...]:
    """Return words with one spelling for what means the same, and no idle brackets."""
    spelt: list[str] = []
    for word in _words(sql, 0):
        spelt.extend(_SAME.get((word,), (word,)))
    text = [
        word
        for at, word in enumerate(spelt)
        if not (word == "is" and spelt[at + 1 : at + 3] == ["not", "null"])
        and not (word == ";" and at == len(spelt) - 1)
    ]
    for at in range(len(text) - 2):
        if text[at : at + 3] == ["for", "each", "row"]:  # what SQLite does without it, too
            del text[at : at + 3]
            break
    return tuple(_without_idle_brackets(text))


def _without_idle_brackets(found: list[str]) -> list[str]:
    """Drop brackets around conditions joined by AND alone, where AND or WHEN stands before."""
    drop: set[int] = set()
    open_: list[int] = []
    joined: list[bool] = []
    for at, word in enumerate(found):
        if word == "(":
            open_.append(at)
            joined.append(found[at - 1] in ("and", "when"))
        elif word == "or" and joined:
            joined[-1] = False
        elif word == ")" and open_:
            begin, idle = open_.pop(), joined.pop()
            if idle:
                drop |= {begin, at}
    return [word for at, word in enumerate(found) if at not in drop]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _small(name: str) -> str:
    """Return a name in small letters, as SQLite compares names: ASCII only."""
    return name.lower() if name.isascii() else name.translate(_SMALL)


_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
