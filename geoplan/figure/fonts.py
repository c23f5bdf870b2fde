"""Finds a font with Chinese characters, and knows how wide its texts are."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geoplan.errors import FontMissing
from geoplan.figure.sfnt import Face, faces
from geoplan.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = "〓"
"""Stands for a character that the font has not: the printers' mark for a missing piece of type."""

_PREFERRED = (
    "NotoSansCJK-Regular", "NotoSansCJKsc-Regular", "NotoSansSC-Regular", "SourceHanSansSC-Regular",
    "SourceHanSansCN-Regular", "msyh", "PingFang", "Hiragino Sans GB", "Deng", "simhei",
    "wqy-microhei", "wqy-zenhei", "DroidSansFallbackFull", "NotoSerifCJK-Regular", "simsun",
)  # fmt: skip
"""Beginnings of names of files, the best first."""

_TRIED = "中国规划图例"
_HOW = (
    "install one (Debian, Ubuntu: apt install fonts-noto-cjk; Fedora: dnf install "
    "google-noto-sans-cjk-fonts; Windows and macOS bring one)"
)


@dataclass(frozen=True)
class Font:
    """A font that sheets are set in.

    Attributes
    ----------
    family : str
        What it calls itself.
    files : tuple of Path
        The regular one and, where there is one, the bold.
    """

    family: str
    files: tuple[Path, ...]
    face: Face

    @cached_property
    def families(self) -> str:
        """The family, and what may stand in on a machine that has it not."""
        return (
            f"'{self.family}','Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',sans-serif"
        )

    def width(self, text: str, size: float) -> float:
        """Return how wide a text is set [units of `size`]."""
        return float(self.face.advances(text).sum()) * size

    def printable(self, text: str) -> str:
        """Return a text in one line with a mark for each character that the font has not."""
        line = re.sub(r"[\s\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+", " ", text)
        known = self.face.known(line)
        kept = (char if has else MISSING for char, has in zip(line, known, strict=True))
        return "".join(kept).strip()


def font(given: Path | None = None) -> Font:
    """Return the font that is given, or that of the settings, or else the best installed one.

    Raises
    ------
    FontMissing
        The file has no Chinese characters, or no installed font has.
    """
    return _font(given or Settings().font)


@cache
def _font(given: Path | None) -> Font:
    for path in [given] if given is not None else _installed():
        face = _chinese_face(path)
        if face is not None:
            bold = _bold_beside(path)
            return Font(face.family, (path, bold) if bold else (path,), face)
    said = f"{given} has no Chinese characters" if given else "no font with Chinese characters"
    raise FontMissing(f"{said}: {_HOW}")


def _chinese_face(path: Path) -> Face | None:
    """Return the face of a file that is for simplified Chinese, or the first that has it."""
    try:
        found = [face for face in faces(path) if bool(np.all(face.known(_TRIED)))]
    except (OSError, ValueError):
        return None
    simplified = [face for face in found if face.family.endswith((" SC", " CN"))]
    return next(iter([*simplified, *found]), None)


def _folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home))
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        return windows / "Fonts", Path(local) / "Microsoft/Windows/Fonts"
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"
    shared = Path("/usr/share/fonts"), Path("/usr/local/share/fonts")
    return (*shared, home / ".local/share/fonts", home / ".fonts")


def _installed() -> Iterator[Path]:
    files = [
        path
        for folder in _folders()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in (".ttf", ".otf", ".ttc")
    ]
    for name in _PREFERRED:
        yield from (path for path in files if path.stem.lower().startswith(name.lower()))


def _bold_beside(path: Path) -> Path | None:
    names = (path.name.replace("Regular", "Bold"), path.name.replace("msyh.", "msyhbd."))
    found = (path.with_name(name) for name in names if name != path.name)
    return next((one for one in found if one.exists()), None)
