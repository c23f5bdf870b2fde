"""What GDAL is not asked about a shapefile: its parts, its encoding, its own list of names."""

from __future__ import annotations

import csv
import struct
from typing import TYPE_CHECKING

import numpy as np

from geoplan.errors import EncodingUnknown, FileUnreadable
from geoplan.ingest.texts import decode_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from geoplan.ingest.table import ForeignTable

NAMES = ".fields.csv"
"""Ending of the list that an export of ours puts beside a shapefile: short name, true name."""
_MAX_SAMPLE = 4_000_000


def parts_of(path: Path) -> dict[str, Path]:
    """Return the files of a shapefile by ending, whatever their case.

    Raises
    ------
    FileUnreadable
        ``.shx`` or ``.dbf`` is missing; a file is shorter than it says.
    """
    stem = path.name[: -len(".shp")].casefold()
    found = {
        file.name[len(stem) :].casefold(): file
        for file in path.parent.iterdir()
        if file.name.casefold().startswith(stem + ".")
    }
    for ending in (".shx", ".dbf"):
        if ending not in found:
            raise FileUnreadable(
                f"{path.name} lacks its {ending}: a shapefile is several files; "
                f"bring .shp, .shx, .dbf and .prj together, best as one zip"
            )
    for ending in (".shp", ".shx"):
        with found[ending].open("rb") as file:
            head = file.read(28)
        if (
            len(head) < 28
            or struct.unpack_from(">i", head, 24)[0] * 2 > found[ending].stat().st_size
        ):
            raise FileUnreadable(f"{found[ending].name} is cut short: copy the file anew")
    return found


def without_measures(shp: Path) -> NDArray[np.bool_]:
    """Tell which records leave out their measures, shape (n,): GDAL would give them 0.

    The block of measures may be missing from any record of a type that has room for it; only the
    length of the record tells (Esri's description, 1998).
    """
    head = np.fromfile(shp, "<i4", count=1, offset=32)
    if len(head) == 0 or int(head[0]) not in _MEASURED:
        return np.zeros(0, dtype=np.bool_)
    before, has_parts, heights = _MEASURED[int(head[0])]
    index = np.fromfile(parts_of(shp)[".shx"], ">i4", offset=100)
    starts, words = index[: len(index) // 2 * 2].reshape(-1, 2).T.astype(np.int64)
    content = np.memmap(shp, np.uint8, mode="r")
    starts = starts * 2 + 8
    holds = (words * 2 > before) & (starts >= 0) & (starts + before <= len(content))
    bare = np.zeros(len(starts), dtype=np.bool_)

    def number(at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the whole numbers that begin at some bytes."""
        four = np.ascontiguousarray(content[at[:, None] + np.arange(4)])
        return four.view("<i4")[:, 0].astype(np.int64)

    points = number(starts[holds] + before - 4)
    parts = number(starts[holds] + before - 8) if has_parts else 0
    flat = before + 4 * parts + 16 * points + heights * (16 + 8 * points)
    bare[holds] = words[holds] * 2 < flat + 16 + 8 * points
    return bare


_MEASURED = {
    13: (44, True, 1), 15: (44, True, 1), 18: (40, False, 1),
    23: (44, True, 0), 25: (44, True, 0), 28: (40, False, 0),
}  # fmt: skip
"""Type of shape → bytes up to the count of points, whether parts are counted too, heights."""


def encoding_of(parts: dict[str, Path], encoding: str | None) -> str:
    """Return the encoding of a shapefile's texts: as stated by user or ``.cpg``, or told.

    Raises
    ------
    EncodingUnknown
        The texts are not in the encoding stated, or none fits.
    """
    name = parts[".dbf"].name
    texts = _texts(parts[".dbf"])
    if encoding is None and ".cpg" in parts:
        stated = parts[".cpg"].read_bytes()[:40].decode("ascii", errors="replace").strip()
        encoding = _CODE_PAGES.get(stated.upper(), stated) or None
    if encoding is None:
        return _GDAL_NAMES.get(found := decode_text(texts, None, name)[1], found)
    try:
        decode_text(texts, encoding, name)
    except EncodingUnknown as error:
        raise EncodingUnknown(
            f"{error}; its .cpg or --encoding says {encoding!r}: state the true one with --encoding"
        ) from error
    return encoding


_CODE_PAGES = {"936": "GBK", "65001": "UTF-8", "CP936": "GBK", "ANSI 936": "GBK", "UTF8": "UTF-8"}
_GDAL_NAMES = {"GBK": "GBK", "GB18030": "GB18030"}


def _texts(dbf: Path) -> bytes:
    """Return the bytes of all texts and names of a dBASE table, cells apart by newlines."""
    with dbf.open("rb") as file:
        content = file.read(_MAX_SAMPLE)
    if len(content) < 33:
        raise FileUnreadable(f"{dbf.name} is cut short")
    count, start, width = struct.unpack_from("<IHH", content, 4)
    spans, names, at, offset = [], [], 32, 1
    while at + 32 <= min(start, len(content)) and content[at] != 0x0D:
        length = content[at + 16]
        names.append(content[at : at + 11].split(b"\0")[0])
        if content[at + 11 : at + 12] in (b"C", b"M"):
            spans.append((offset, length))
        offset += length
        at += 32
    size = dbf.stat().st_size
    if width < 1 or start < 33 or start + count * width > size + 1:
        raise FileUnreadable(f"{dbf.name} is cut short: it promises {count} rows")
    cells = {
        _whole(content[row + span : row + span + length].rstrip(b" \0"), length)
        for row in range(start, min(len(content) - width + 1, start + count * width), width)
        for span, length in spans
    }
    return b"\n".join(sorted({*names, *cells}))


def _whole(cell: bytes, length: int) -> bytes:
    """Return a cell; one that fills its width may end in half a character, which is left off."""
    if len(cell) < length or cell.isascii():
        return cell
    for cut in range(4):
        part = cell[: len(cell) - cut]
        for encoding in ("utf-8", "gb18030"):
            try:
                part.decode(encoding)
            except UnicodeDecodeError:
                continue
            return part
    return cell


def restore_names(table: ForeignTable, path: Path) -> None:
    """Give columns the names that an export of ours had to shorten."""
    listing = path.with_name(path.name[: -len(".shp")] + NAMES)
    if not listing.is_file() or listing.stat().st_size > 1_000_000:
        return
    with listing.open(encoding="utf-8-sig", newline="") as file:
        names = {row[0]: row[1] for row in csv.reader(file) if len(row) == 2}
    table.columns = {names.get(name, name): column for name, column in table.columns.items()}
