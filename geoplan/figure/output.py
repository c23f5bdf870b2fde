"""Sheets as pixels and as PDF."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from geoplan.figure.svg import number

if TYPE_CHECKING:
    from geoplan.figure.spec import Sheet

MM_PER_INCH = 25.4
_STRETCHED = 'width="{}" height="{}" preserveAspectRatio="none"'
_SIZE = re.compile(r'width="[^"]+" height="[^"]+"(?= viewBox)')


def to_png(
    sheet: Sheet,
    *,
    width_px: int | None = None,
    dpi: float = 150.0,
    background: str | None = "#ffffff",
) -> bytes:
    """Draw a sheet in pixels: as wide as is said, or at a resolution of the paper.

    The file says how large its pixels are, so that programs place it at the size of the sheet.

    Parameters
    ----------
    dpi : float
        Of the paper, where no width is given.
    background : str, optional
        Colour of what nothing is drawn on, ``#rrggbb``; None leaves it clear.
    """
    import resvg_py

    wide, high = sheet.size_mm
    width = width_px or max(1, round(wide / MM_PER_INCH * dpi))
    height = max(1, round(width * high / wide))
    drawn = bytes(
        resvg_py.svg_to_bytes(
            # in pixels: from millimetres it comes to a row more than there are
            svg_string=_SIZE.sub(_STRETCHED.format(width, height), sheet.svg, count=1),
            dpi=96,
            background=background,
            skip_system_fonts=True,
            font_files=[str(path) for path in sheet.fonts],
        )
    )
    return _with_density(drawn, width / wide)


def size_px(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, as its header says."""
    width, height = struct.unpack_from(">II", png, _HEADER + 8)
    return width, height


_HEADER = 8
_IHDR = 12 + 13
"""Bytes of the mark that a PNG begins with, and of its first chunk."""


def _with_density(png: bytes, px_per_mm: float) -> bytes:
    """Return a PNG that says how many pixels of it are a metre (chunk pHYs of ISO/IEC 15948)."""
    per_metre = max(1, round(px_per_mm * 1000))
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    at = _HEADER + _IHDR
    return png[:at] + chunk + png[at:]


def to_pdf(sheet: Sheet) -> bytes:
    """Write a sheet as PDF: lines stay lines, the fonts are embedded."""
    return pdf_of((sheet,))


def pdf_of(sheets: tuple[Sheet, ...]) -> bytes:
    """Write sheets as the pages of one PDF."""
    import typst

    # a picture is data: nothing in it is read as a program
    files = {f"page-{at}.svg": one.svg.encode() for at, one in enumerate(sheets)}
    pages = "\n".join(
        f"#page(width: {number(one.size_mm[0])}mm, height: {number(one.size_mm[1])}mm, margin: 0mm)"
        f'[#image("page-{at}.svg", width: 100%, height: 100%)]'
        for at, one in enumerate(sheets)
    )
    folders = sorted({str(path.parent) for one in sheets for path in one.fonts})
    # it takes files by name as well, which its types do not say
    made = typst.compile(  # type: ignore[call-overload]
        {"main.typ": pages.encode(), **files},
        font_paths=folders,
        ignore_system_fonts=True,
        format="pdf",
    )
    assert isinstance(made, bytes)  # noqa: S101 - for the type
    return made
