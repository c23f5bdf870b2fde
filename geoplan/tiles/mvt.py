"""Mapbox Vector Tile 2.1 as bytes.

A tile is a protocol buffer. Everything that repeats in it, features with their ids, tags and
geometry, is variable-length integers, so all of it is packed as one array. Names and values are
few, and written one by one.
"""

from __future__ import annotations

import base64
import math
import struct
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from geoplan.tiles.shapes import EXTENT, spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geoplan.tiles.shapes import Drawn

    Ints = NDArray[np.int64]

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
_VERSION = b"\x78\x02"
_LAYER, _NAME, _KEY, _VALUE = b"\x1a", b"\x0a", b"\x1a", b"\x22"
_FEATURE, _ID, _TAGS, _KIND, _GEOMETRY = 0x12, 0x08, 0x12, 0x18, 0x22
_SHORT = 126
"""Bytes of a text from which on its field has a length of two bytes."""
_DOUBLE = struct.Struct("<d")
_STEPS = tuple(1 << 7 * step for step in range(1, 9))
"""A number takes one more byte from each of these on."""


def tile_message(layers: Sequence[bytes]) -> bytes:
    """Return a tile of layers as `layer_message` makes them; without any it is empty."""
    return b"".join(_LAYER + _number(len(layer)) + layer for layer in layers)


def layer_message(
    name: str, ids: Ints, drawn: Drawn, columns: Mapping[str, Sequence[Any]]
) -> bytes:
    """Return a layer of a tile.

    Parameters
    ----------
    name : str
        Of the layer.
    ids : ndarray of int, shape (n,)
        Of the features that were given to `draw`; MVT takes whole numbers from 0, others are
        left out.
    drawn : Drawn
        What of them the tile shows.
    columns : mapping of str to sequence, length n each
        Values of the features. A null, or a number that is not finite, is left out; bytes
        become base64.
    """
    tags, lengths, values = _tags(drawn.owners, columns)
    body = _features(ids[drawn.owners], drawn, tags, lengths)
    keys = [key.encode() for key in columns]
    return b"".join(
        [
            _VERSION,
            _NAME + _sized(name.encode()),
            body,
            *(_KEY + _sized(key) for key in keys),
            *values,
            b"\x28" + _number(EXTENT),
        ]
    )


def _tags(owners: Ints, columns: Mapping[str, Sequence[Any]]) -> tuple[Ints, Ints, list[bytes]]:
    """Return pairs of key and value of all features, how many numbers each has, and the values."""
    places: dict[type, dict[Any, int]] = {}  # by type: 1, 1.0 and True are equal
    values: list[bytes] = []
    total = 0
    indices = np.full((len(owners), len(columns)), -1, dtype=np.int64)
    for at, column in enumerate(columns.values()):
        kinds = set(map(type, column))
        for kind in kinds:
            own = column if len(kinds) == 1 else [v for v in column if type(v) is kind]
            known = places.setdefault(kind, {})
            new = _new(kind, own, known)
            known.update(zip(new, range(total, total + len(new)), strict=True))
            total += len(new)
            values += _value_fields(kind, new)
        if len(kinds) == 1:
            found = list(map(places[kinds.pop()].get, column, repeat(-1)))
        else:
            found = [places[type(value)].get(value, -1) for value in column]
        indices[:, at] = np.array(found, dtype=np.int64)[owners]
    pairs = np.stack([np.broadcast_to(np.arange(len(columns)), indices.shape), indices], axis=-1)
    there = indices >= 0
    return pairs[there].reshape(-1), 2 * there.sum(axis=1), values


def _new(kind: type, column: Sequence[Any], known: Mapping[Any, int]) -> list[Any]:
    """Return the values of one type that a tile can hold and does not hold yet."""
    if kind is type(None):
        return []
    found = dict.fromkeys(column)
    new = [value for value in found if value not in known] if known else list(found)
    return [value for value in new if math.isfinite(value)] if issubclass(kind, float) else new


def _features(ids: Ints, drawn: Drawn, tags: Ints, tag_counts: Ints) -> bytes:
    """Return all features: one array of numbers, packed at once."""
    shapes = np.diff(drawn.ends)
    tag_ends = np.concatenate([[0], np.cumsum(tag_counts)])
    tag_bytes = _sums(_widths(tags), tag_ends)
    shape_bytes = _sums(_widths(drawn.commands), drawn.ends)
    named = ids >= 0
    inner = (
        np.where(named, 1 + _widths(np.maximum(ids, 0)), 0)
        + np.where(tag_counts > 0, 1 + _widths(tag_bytes) + tag_bytes, 0)
        + 2
        + 1
        + _widths(shape_bytes)
        + shape_bytes
    )
    heads = [(np.ones_like(named), np.full_like(ids, _FEATURE), inner)]
    heads.append((named, np.full_like(ids, _ID), ids))
    heads.append((tag_counts > 0, np.full_like(ids, _TAGS), tag_bytes))
    tail = [(np.ones_like(named), np.full_like(ids, _KIND), drawn.kinds)]
    tail.append((np.ones_like(named), np.full_like(ids, _GEOMETRY), shape_bytes))
    before = sum((2 * there.astype(np.int64) for there, _, _ in heads), np.zeros_like(ids))
    between = np.full_like(ids, 2 * len(tail))
    totals = before + tag_counts + between + shapes
    at = np.cumsum(totals) - totals
    numbers = np.empty(int(totals.sum()), dtype=np.int64)
    place = at.copy()
    for there, field, value in heads:
        numbers[place[there]], numbers[place[there] + 1] = field[there], value[there]
        place += 2 * there
    numbers[spread(place, tag_counts)] = tags
    place += tag_counts
    for _, field, value in tail:
        numbers[place], numbers[place + 1] = field, value
        place += 2
    numbers[spread(place, shapes)] = drawn.commands
    return varints(numbers)


def varints(numbers: Ints) -> bytes:
    """Return numbers from 0 to 2⁶³ - 1 in as few bytes each as they need, seven bits to a byte.

    Examples
    --------
    >>> varints(np.array([1, 300])).hex()
    '01ac02'
    """
    widths = _widths(numbers)
    ends = np.cumsum(widths)
    packed = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    at, rest = ends - widths, numbers
    while len(rest):
        more = np.flatnonzero(rest > 0x7F)
        packed[at] = rest & 0x7F
        packed[at[more]] |= 0x80
        at, rest = at[more] + 1, rest[more] >> 7
    return packed.tobytes()


def _widths(numbers: Ints) -> Ints:
    """Return how many bytes numbers take."""
    widths = np.ones(len(numbers), dtype=np.int64)
    largest = int(numbers.max()) if len(numbers) else 0
    for step in _STEPS:
        if largest < step:
            break
        widths += numbers >= step
    return widths


def _sums(widths: Ints, ends: Ints) -> Ints:
    total = np.concatenate([[0], np.cumsum(widths)])
    return np.asarray(total[ends[1:]] - total[ends[:-1]])


def _value_fields(kind: type, values: Sequence[Any]) -> list[bytes]:
    """Write values of one type as fields of a layer; most are short texts and numbers."""
    if kind is str:
        texts = [value.encode("utf-8", "replace") for value in values]
        return [
            b"\x22%c\x0a%c%b" % (size + 2, size, text)
            if (size := len(text)) < _SHORT
            else _VALUE + _sized(b"\x0a" + _sized(text))
            for text in texts
        ]
    if kind is float:
        rows = np.empty((len(values), 11), dtype=np.uint8)
        rows[:, :3] = tuple(_VALUE + b"\x09\x19")
        rows[:, 3:] = np.array(values, dtype="<f8").view(np.uint8).reshape(-1, 8)
        return [rows.tobytes()]
    return [_VALUE + _sized(_value(value)) for value in values]


def _value(value: Any) -> bytes:
    """Write a value with its type."""
    if isinstance(value, bool):
        return b"\x38" + (b"\x01" if value else b"\x00")
    if isinstance(value, int):
        # uint for what is not negative, sint for the rest: both shorter than int
        return b"\x28" + _number(value) if value >= 0 else b"\x30" + _number(-2 * value - 1)
    if isinstance(value, float):
        return b"\x19" + _DOUBLE.pack(value)
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode("ascii")
    return b"\x0a" + _sized(str(value).encode("utf-8", "replace"))


def _sized(text: bytes) -> bytes:
    return _number(len(text)) + text


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
