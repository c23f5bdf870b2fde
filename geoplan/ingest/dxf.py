"""What GDAL is not asked about a DXF: its encoding. From AutoCAD 2007 on it is UTF-8.

GDAL believes ``$DWGCODEPAGE`` even there, and would turn every Chinese name into another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from geoplan.ingest.texts import decode_text

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = 65536
_UTF8_SINCE = b"AC1021"
_VERSION = re.compile(rb"\$ACADVER\s+1\s+(AC\d{4})")
_CODE_PAGE = re.compile(rb"\$DWGCODEPAGE\s+3\s+ANSI_(\d+)", re.IGNORECASE)
_BINARY = b"AutoCAD Binary DXF"


def encoding_of(path: Path, encoding: str | None) -> str | None:
    """Return the encoding of a drawing's texts: as stated by user or header, or told.

    Returns
    -------
    str or None
        None for a binary drawing, which GDAL reads by itself.

    Raises
    ------
    EncodingUnknown
        The texts are not in the encoding stated, or none fits.
    """
    content = path.read_bytes()
    if content.startswith(_BINARY):
        return encoding
    head = content[:_HEADER]
    version, page = _VERSION.search(head), _CODE_PAGE.search(head)
    if encoding is None and version is not None and version.group(1) >= _UTF8_SINCE:
        encoding = "UTF-8"
    elif encoding is None and page is not None:
        encoding = f"CP{page.group(1).decode()}"
    return decode_text(content, encoding, path.name)[1]
