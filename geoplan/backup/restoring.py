"""Bringing a plan back from a backup: verified before anything is put in its place."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from geoplan.backup.manifest import MANIFEST, Entry, Manifest, entry_of, synced
from geoplan.catalogue import Catalogue
from geoplan.errors import BackupInvalid, BadData, FileBusy, NotWritable
from geoplan.store.admit import admit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Opened = Callable[[str], IO[bytes]]

_LARGEST_MANIFEST = 16_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Restored:
    """A plan that was brought back.

    Attributes
    ----------
    directory : Path
        Its folder.
    files : int
        How many files.
    aside : Path, optional
        Where what stood there before is kept; None when nothing did.
    """

    directory: Path
    files: int
    aside: Path | None


def restore(backup: Path, directory: Path, *, force: bool = False) -> Restored:
    """Bring a plan back into a folder.

    Parameters
    ----------
    backup : Path
        A file or folder that `back_up` made.
    directory : Path
        The plan's folder.
    force : bool, optional
        Set aside what stands there: it is renamed, not removed.

    Raises
    ------
    BackupInvalid
        A file is missing, changed, or no part of it; the plan or a layer in it is not in order.
    NotWritable
        Something stands there, or it cannot be written; what stands there is unchanged.
    FileBusy
        A program has the plan that stands there open.
    """
    target = directory.resolve()
    occupied = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if occupied and not force:
        raise NotWritable(f"{directory} is not empty: --force sets aside what stands there")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as room:
            part = Path(room) / "plan"
            part.mkdir()
            with _contents(backup) as opened:
                manifest = _manifest(backup, opened)
                for name, entry in manifest.files.items():
                    _unpack(name, entry, opened, part)
            _verify(backup, part)
            aside = _put(part, target, occupied=occupied)
    except OSError as error:
        raise NotWritable(f"cannot restore to {directory}: {error.strerror or error}") from error
    return Restored(directory, len(manifest.files), aside)


@contextmanager
def _contents(backup: Path) -> Iterator[Opened]:
    """Yield how files of a backup are opened, by name; nothing but what is asked for is read."""
    if backup.is_dir():
        yield lambda name: (backup / name).open("rb")
        return
    try:
        with zipfile.ZipFile(backup) as archive:
            yield archive.open
    except FileNotFoundError:
        raise BackupInvalid(f"there is no backup {backup}") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise BackupInvalid(f"{backup} is no backup, or damaged: {error}") from error


def _manifest(backup: Path, opened: Opened) -> Manifest:
    try:
        with opened(MANIFEST) as file:
            text = file.read(_LARGEST_MANIFEST)
        return Manifest.model_validate_json(text)
    except (KeyError, FileNotFoundError):
        raise BackupInvalid(f"{backup} is no backup of a plan: it has no {MANIFEST}") from None
    except ValidationError as error:
        first = error.errors()[0]["msg"]
        raise BackupInvalid(f"{backup}: {MANIFEST} cannot be read: {first}") from error


def _unpack(name: str, entry: Entry, opened: Opened, part: Path) -> None:
    path = part / name
    path.parent.mkdir(parents=True, exist_ok=True)
    left = entry.size + 1  # one more would show that it is longer than it says
    try:
        with opened(name) as file, path.open("wb") as made:
            while left and (block := file.read(min(_BLOCK, left))):
                made.write(block)
                left -= len(block)
    except (KeyError, FileNotFoundError):
        raise BackupInvalid(f"the backup lacks {name}") from None
    if entry_of(path) != entry:
        raise BackupInvalid(f"{name} is not what it was when the backup was made")
    synced(path)


def _verify(backup: Path, part: Path) -> None:
    """Open the plan and look at every layer, as a foreign file is looked at."""
    try:
        catalogue = Catalogue.open(part)
        for path in sorted({catalogue.path(layer) for layer in catalogue}):
            admit(path)
    except BadData as error:
        raise BackupInvalid(f"{backup}: {error}") from error


def _put(part: Path, target: Path, *, occupied: bool) -> Path | None:
    aside = None
    if occupied:
        for path in target.rglob("*.gpkg-*"):
            if path.name.endswith(("-wal", "-journal")):
                raise FileBusy(f"{path} stands there: end the program that has the plan open")
        aside = target.with_name(f"{target.name}.before-{datetime.now(tz=UTC):%Y%m%dT%H%M%S%fZ}")
        target.rename(aside)
    elif target.exists():
        target.rmdir()
    try:
        part.rename(target)
    except OSError:
        if aside is not None:
            aside.rename(target)
        raise
    synced(target.parent)
    return aside
