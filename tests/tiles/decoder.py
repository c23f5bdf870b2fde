"""A decoder of vector tiles after the specification, independent of the encoder."""

from __future__ import annotations

import struct
from typing import Any


def fields(message: bytes) -> list[tuple[int, Any]]:
    """Return the fields of a protocol buffer message: number and value."""
    found: list[tuple[int, Any]] = []
    at = 0
    value: Any
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
        elif kind == 1:
            (value,), at = struct.unpack_from("<d", message, at), at + 8
        else:
            assert kind == 2, kind
            size, at = varint(message, at)
            assert at + size <= len(message)
            value, at = message[at : at + size], at + size
        found.append((key >> 3, value))
    return found


def varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def integers(message: bytes) -> list[int]:
    found, at = [], 0
    while at < len(message):
        value, at = varint(message, at)
        found.append(value)
    return found


def signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def tile(body: bytes) -> dict[str, dict[str, Any]]:
    """Return the layers of a tile: name → version, extent and features."""
    found = {}
    for number, message in fields(body):
        assert number == 3
        one = layer(message)
        assert one["name"] not in found
        found[one["name"]] = one
    return found


def layer(message: bytes) -> dict[str, Any]:
    parts = fields(message)
    keys = [value.decode() for number, value in parts if number == 3]
    values = [_value(value) for number, value in parts if number == 4]
    assert len(set(keys)) == len(keys)
    single = {number: value for number, value in parts if number in (1, 5, 15)}
    return {
        "name": single[1].decode(),
        "version": single[15],
        "extent": single[5],
        "values": values,
        "features": [_feature(value, keys, values) for number, value in parts if number == 2],
    }


def _value(message: bytes) -> Any:
    ((number, value),) = fields(message)
    if number == 1:
        return value.decode()
    return {3: lambda v: v, 5: lambda v: v, 6: signed, 7: bool}[number](value)


def _feature(message: bytes, keys: list[str], values: list[Any]) -> dict[str, Any]:
    parts = dict(fields(message))
    tags = integers(parts.get(2, b""))
    return {
        "id": parts.get(1),
        "properties": {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)},
        "type": parts[3],
        "paths": paths(integers(parts[4])),
    }


def paths(commands: list[int]) -> list[tuple[list[tuple[int, int]], bool]]:
    """Return the paths that commands draw, and whether each is closed."""
    found: list[tuple[list[tuple[int, int]], bool]] = []
    x = y = at = 0
    while at < len(commands):
        name, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if name == 7:
            assert count == 1
            found[-1] = (found[-1][0], True)
            continue
        assert name in (1, 2)
        assert count > 0
        for _ in range(count):
            dx, dy = signed(commands[at]), signed(commands[at + 1])
            x, y, at = x + dx, y + dy, at + 2
            if name == 1:
                found.append(([], False))
            else:
                assert (dx, dy) != (0, 0), "a step of no length"
            found[-1][0].append((x, y))
    return found


def area(ring: list[tuple[int, int]]) -> float:
    """Return the area by the surveyor's formula; positive for outer rings."""
    around = zip(ring, ring[1:] + ring[:1], strict=True)
    return sum(x * v - u * y for (x, y), (u, v) in around) / 2
