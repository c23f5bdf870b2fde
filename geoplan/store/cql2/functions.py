"""Functions of a filter: those CQL2 names, those offered beyond, and what SQLite needs for them."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import apsw

_VOICED = "\u3099\u309a"
"""Japanese voicing marks: without them another word is read (/rec/accent-insensitive…)."""
ARRAY_RELATIONS = ("a_equals", "a_contains", "a_containedby", "a_overlaps")


class Function(NamedTuple):
    """A function that filters may use.

    Attributes
    ----------
    arguments : tuple of tuple of str
        The kinds that each argument may have.
    returns : str
        The kind of its value.
    sql : str
        What it is in SQL.
    zh, en : str
        What it does.
    """

    arguments: tuple[tuple[str, ...], ...]
    returns: str
    sql: str
    zh: str
    en: str


_NUMBER = ("number", "integer")
_TEXT = ("string",)
_TIME = ("date", "timestamp")
_PART = "CAST(strftime('{}', {{0}}, 'unixepoch') AS INTEGER)"
FUNCTIONS: dict[str, Function] = {
    # times 1.0: the smallest whole number has no absolute value among whole numbers
    "abs": Function((_NUMBER,), "number", "abs(1.0 * {0})", "绝对值", "Absolute value"),
    "ceil": Function((_NUMBER,), "number", "ceil({0})", "向上取整", "Next whole number above"),
    "floor": Function((_NUMBER,), "number", "floor({0})", "向下取整", "Next whole number below"),
    "round": Function((_NUMBER,), "number", "round({0})", "四舍五入", "Nearest whole number"),
    "length": Function((_TEXT,), "integer", "length({0})", "字符数", "Number of characters"),
    "trim": Function((_TEXT,), "string", "trim({0})", "去除首尾空格", "Without spaces around"),
    "concat": Function((_TEXT, _TEXT), "string", "({0} || {1})", "连接文字", "Two texts as one"),
    "year": Function((_TIME,), "integer", _PART.format("%Y"), "年", "Year, in UTC"),
    "month": Function((_TIME,), "integer", _PART.format("%m"), "月", "Month, in UTC"),
}


def casei(text: str) -> str:
    """Return what all spellings of a text in other case have in common.

    Examples
    --------
    >>> casei("Straße") == casei("STRASSE")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def accenti(text: str) -> str:
    """Return a text without its accents.

    Examples
    --------
    >>> accenti("Chișinău"), accenti("はじめ")
    ('Chisinau', 'はじめ')
    """
    kept = [
        sign
        for sign in unicodedata.normalize("NFD", text)
        if sign in _VOICED or unicodedata.category(sign) != "Mn"
    ]
    return unicodedata.normalize("NFC", "".join(kept))


def glob(pattern: str) -> str:
    r"""Return the pattern of SQLite's GLOB, which tells case apart, for one of LIKE.

    Examples
    --------
    >>> glob(r"a_%\%*")
    'a?*%[*]'
    """
    found, at = [], 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\" and at + 1 < len(pattern):
            at += 1
            found.append(_bracketed(pattern[at]))
        else:
            found.append({"%": "*", "_": "?"}.get(sign) or _bracketed(sign))
        at += 1
    return "".join(found)


def _bracketed(sign: str) -> str:
    return f"[{sign}]" if sign in "*?[" else sign


def register(connection: apsw.Connection) -> None:
    """Make a connection know the functions that SQLite lacks."""
    for name, function in (("cql2_casei", casei), ("cql2_accenti", accenti)):
        connection.create_scalar_function(name, _of_text(function), 1, deterministic=True)
    connection.create_scalar_function("cql2_array", _array_relation, 3, deterministic=True)


def _of_text(function: Any) -> Any:
    return lambda value: function(value) if isinstance(value, str) else None


def _array_relation(*operands: Any) -> int | None:
    name, left, right = operands
    if left is None or right is None:
        return None
    first, second = _elements(str(left)), _elements(str(right))
    if name == "a_equals":
        return int(first == second)
    if name == "a_contains":
        return int(first >= second)
    if name == "a_containedby":
        return int(first <= second)
    return int(bool(first & second))


def _elements(text: str) -> frozenset[tuple[str, Any]]:
    """Return the elements of an array: a list of JSON, or texts with semicolons between."""
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return frozenset(map(_tagged, listed))
    parts = (part.strip() for part in text.split(";"))
    return frozenset(("str", part) for part in parts if part)


def _tagged(value: Any) -> tuple[str, Any]:
    """Return a value that equals only those of its kind: 1 is not true."""
    if isinstance(value, (list, dict)):
        return ("json", json.dumps(value, sort_keys=True))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ("number", value)
    return (type(value).__name__, value)
