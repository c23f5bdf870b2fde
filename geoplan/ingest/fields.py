"""Whose column is whose: foreign names matched to the fields of a kind, values to their types."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from geoplan.errors import FieldsInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geoplan.schema import Field, LayerSchema

_TAKEN = ("fid", "geom", "geometry")
_ID = "feature_id"


@dataclass
class Matched:
    """Columns under the names they will have, and what became of the others.

    Attributes
    ----------
    columns : dict
        Name → (GeoPackage type, values), fields of the kind first.
    renamed : dict
        Foreign name → the name it got, where they differ.
    left : tuple of str
        Foreign columns that were not imported.
    unread : dict
        Column → values that are not of the field's type and became null, with their number.
    absent : tuple of str
        Required fields that the file does not have; their columns are made, all null.
    guessed : dict
        Field → the foreign column that was taken for it by alias or label only.
    not_ids : str
        A column that was taken for the ids but repeats values.
    """

    columns: dict[str, tuple[str, list[Any]]]
    renamed: dict[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    unread: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    guessed: dict[str, str] = field(default_factory=dict)
    not_ids: str = ""


def match(
    columns: Mapping[str, tuple[str, list[Any]]],
    schema: LayerSchema,
    wanted: Mapping[str, str],
    count: int,
) -> Matched:
    """Match foreign columns to the fields of a kind.

    Parameters
    ----------
    columns : mapping
        Foreign name → (type, values).
    schema : LayerSchema
        The kind's fields.
    wanted : mapping
        Foreign name → field name, as the user stated with ``--map``; this comes first.
    count : int
        How many features there are.

    Raises
    ------
    FieldsInvalid
        A mapping names a column or a field that is not there, or two columns one field.
    """
    goes = _stated(columns, schema, wanted)
    for finder in (_by_name, _by_label):
        taken = set(goes.values())
        for name in columns:
            if name in goes:
                continue
            target = finder(schema).get(folded(name))
            if target is not None and target not in taken:
                goes[name] = target
                taken.add(target)
    found = Matched({})
    for one in schema.fields:
        source = next((name for name, target in goes.items() if target == one.name), None)
        if source is not None:
            found.columns[one.name] = _coerced(one, *columns[source], found)
        elif one.required and not schema.open and one.name != _ID:
            found.columns[one.name] = (one.type, [None] * count)
    found.absent = tuple(
        one.name
        for one in schema.fields
        if one.required and not schema.open and one.name not in goes.values()
    )
    _keep_others(columns, goes, schema, found)
    sure = {folded(value) for one in schema.fields for value in (one.name, one.code) if value}
    found.guessed = {
        target: name
        for name, target in goes.items()
        if name not in wanted and folded(name) not in sure
    }
    found.renamed |= {name: target for name, target in goes.items() if name != target}
    return found


def _keep_others(
    columns: Mapping[str, tuple[str, list[Any]]],
    goes: Mapping[str, str],
    schema: LayerSchema,
    found: Matched,
) -> None:
    others = [name for name in columns if name not in goes]
    if not schema.open:
        found.left = tuple(others)
        return
    for name in others:
        free = free_name(name, [*found.columns, _ID])
        found.columns[free] = columns[name]
        if free != name:
            found.renamed[name] = free


def free_name(name: str, taken: list[str]) -> str:
    """Return a name that no other column, and no table of ours, has."""
    lowered = {*(one.lower() for one in taken), *_TAKEN}
    plain = name.strip() or "column"
    free, number = plain, 1
    while free.lower() in lowered:
        free, number = f"{plain}_{number}", number + 1
    return free


def _stated(
    columns: Mapping[str, Any], schema: LayerSchema, wanted: Mapping[str, str]
) -> dict[str, str]:
    known = {one.name for one in schema.fields}
    codes = {one.code.casefold(): one.name for one in schema.fields if one.code}
    goes: dict[str, str] = {}
    for old, new in wanted.items():
        target = codes.get(new.casefold(), new)
        if old not in columns:
            raise FieldsInvalid(f"--map {old}={new}: the file has no column {old!r}; it has: "
                                f"{', '.join(columns) or 'none'}")  # fmt: skip
        if target not in known and not schema.open:
            raise FieldsInvalid(
                f"--map {old}={new}: kind {schema.kind} has no field {new!r}; it has: "
                f"{', '.join(sorted(known))}"
            )
        if target in goes.values():
            raise FieldsInvalid(f"--map names two columns for {target!r}")
        goes[old] = target
    return goes


def _by_name(schema: LayerSchema) -> dict[str, str]:
    """Return folded names, codes and aliases → field."""
    found: dict[str, str] = {}
    for key in ("name", "code"):
        for one in schema.fields:
            if value := getattr(one, key):
                found.setdefault(folded(value), one.name)
    for one in schema.fields:
        for alias in one.aliases:
            found.setdefault(folded(alias), one.name)
    return found


def _by_label(schema: LayerSchema) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in schema.fields:
        for text in (one.label.zh, one.label.en):
            found.setdefault(folded(text), one.name)
    return found


def folded(name: str) -> str:
    """Return a name without what people write differently: width, case, blanks, underscores."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", name)).casefold()


def _coerced(one: Field, type_: str, values: list[Any], found: Matched) -> tuple[str, list[Any]]:
    """Return a column in the field's type; what cannot be read becomes null and is told."""
    if type_ == one.type and one.type != "TEXT":
        return type_, values
    codes = {
        said: value.code
        for value in one.values
        for said in (folded(value.code), folded(value.label.zh), folded(value.label.en))
    }
    if type_ == one.type and not codes:
        return type_, values
    read, unread = [], []
    for number, value in enumerate(values, 1):
        try:
            got = None if value in (None, "") else _READ[one.type](value)
        except (ValueError, TypeError, OverflowError):
            got = None
            unread.append((number, value))
        read.append(codes.get(folded(got), got) if codes and isinstance(got, str) else got)
    if unread:
        found.unread[one.name] = unread
    return one.type, read


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _integer(value: Any) -> int:
    number = float(value)
    if not number.is_integer():
        raise ValueError(value)
    return int(value) if isinstance(value, (int, str)) and "." not in str(value) else int(number)


def _real(value: Any) -> float:
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(value)
    return number


def _truth(value: Any) -> bool:
    known = {"1": True, "true": True, "yes": True, "y": True, "t": True, "是": True, "有": True,
             "0": False, "false": False, "no": False, "n": False, "f": False, "否": False,
             "无": False}  # fmt: skip
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if text.strip().casefold() not in known:
        raise ValueError(value)
    return known[text.strip().casefold()]


_SLASHED = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)")


def _date(value: Any) -> str:
    text = _text(value).strip()
    found = _DIGITS.fullmatch(text) or _SLASHED.match(text)
    if found is None:
        raise ValueError(value)
    return date(*(int(part) for part in found.groups())).isoformat()


def _datetime(value: Any) -> str:
    return datetime.fromisoformat(str(value).strip()).isoformat()


_READ: dict[str, Callable[[Any], Any]] = {
    "TEXT": _text,
    "INTEGER": _integer,
    "REAL": _real,
    "BOOLEAN": _truth,
    "DATE": _date,
    "DATETIME": _datetime,
}


def slug(name: str) -> str:
    """Return a name as an id in kebab-case; empty where it has other letters than ours."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") if name.isascii() else ""


def printable(text: str) -> str:
    """Return a text without what cannot be shown."""
    return "".join(char for char in text if char.isprintable())
