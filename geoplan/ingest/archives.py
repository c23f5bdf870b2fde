"""Unpacking archives: nothing outside the folder, nothing that explodes."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path

from geoplan.errors import ArchiveRefused

MAX_TOTAL_MB = 512
MAX_RATIO = 200
MAX_FILES = 5000
_CHUNK = 1 << 20


def check(path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries of an archive that may be unpacked.

    Raises
    ------
    ArchiveRefused
        It is broken, encrypted, reaches outside its folder, holds links, or unpacks to too
        much by what it says of itself.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveRefused(f"{path.name} is a broken archive: {error}") from error
    if len(entries) > MAX_FILES:
        raise ArchiveRefused(
            f"{path.name} holds {len(entries)} files; at most {MAX_FILES} are taken"
        )
    total = sum(entry.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    if total > MAX_TOTAL_MB * 1_000_000 or (total > 10_000_000 and total / packed > MAX_RATIO):
        raise ArchiveRefused(
            f"{path.name} would unpack to {total / 1e6:.0f} MB from {packed / 1e6:.1f} MB; at "
            f"most {MAX_TOTAL_MB} MB and {MAX_RATIO} times are taken"
        )
    for entry in entries:
        _refuse_entry(path, entry)
    return entries


def _refuse_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if name.startswith("/") or ".." in name.split("/") or ":" in name or "\x00" in name:
        raise ArchiveRefused(f"{path.name}: the entry {name!r} reaches outside the archive")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveRefused(f"{path.name}: the entry {name!r} is a link or a device, no file")
    if entry.flag_bits & 1:
        raise ArchiveRefused(f"{path.name} is encrypted: unpack it first")


def unpack(path: Path, folder: Path) -> list[Path]:
    """Unpack an archive into a folder and return the files, Chinese names mended.

    Raises
    ------
    ArchiveRefused
        See `check`; also when it unpacks to more than it says.
    """
    files, left = [], MAX_TOTAL_MB * 1_000_000
    entries = check(path)
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in entries:
                if entry.is_dir():
                    continue
                target = folder / _name(entry)
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _copy(archive, entry, target, left)
                files.append(target)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise ArchiveRefused(f"{path.name} cannot be unpacked: {error}") from error
    return files


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    written = 0
    with archive.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left or written > entry.file_size:
                raise ArchiveRefused(f"{entry.filename!r} unpacks to more than it says")
            sink.write(chunk)
    return written


def _name(entry: zipfile.ZipInfo) -> str:
    """Return a name; those without the UTF-8 mark are GBK where programs in China made them."""
    name = entry.filename.replace("\\", "/")
    if entry.flag_bits & 0x800 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
