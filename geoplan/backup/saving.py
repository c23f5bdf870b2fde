"""Saving a plan while it is served and edited."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geoplan
from geoplan.backup.manifest import MANIFEST, Manifest, entry_of, synced
from geoplan.catalogue import Catalogue
from geoplan.errors import BadData, NotWritable
from geoplan.store.admit import inspect
from geoplan.store.copy import copy_database

_PASSED_OVER = ("-wal", "-shm", "-journal", ".part", ".lock")


@dataclass(frozen=True)
class Saved:
    """A backup that was made.

    Attributes
    ----------
    path : Path
        The file or folder.
    files : int
        How many files it holds.
    findings : tuple of str
        What is wrong with GeoPackages of the plan: they are kept as they are, and so are doubtful.
    """

    path: Path
    files: int
    findings: tuple[str, ...]


def back_up(directory: Path, target: Path | None = None) -> Saved:
    """Save all files of a plan into one ``.zip`` file, or into a folder.

    Each GeoPackage is copied as it is at one moment, also while others write to it. The backup
    appears under its name when all of it is on the disk.

    Parameters
    ----------
    directory : Path
        The plan's folder.
    target : Path, optional
        What to make; without, ``<plan>-<time>.zip`` in the folder of work.

    Raises
    ------
    CatalogueInvalid
        There is no plan.
    NotWritable
        Something stands there already, or it cannot be written.
    NotAGeoPackage, FileBusy
        A GeoPackage cannot be read.
    """
    plan = Catalogue.parse(directory).plan
    moment = datetime.now(tz=UTC)
    target = target or Path(f"{plan.id}-{moment:%Y%m%dT%H%M%SZ}.zip")
    if target.exists():
        raise NotWritable(f"{target} exists: a backup overwrites nothing")
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}.", dir=target.resolve().parent
        ) as room:
            part = Path(room) / "plan"
            findings = _copy_files(directory, part, target)
            files = {
                path.relative_to(part).as_posix(): entry_of(path)
                for path in sorted(part.rglob("*"))
                if path.is_file()
            }
            software = f"geoplan {geoplan.__version__}"
            manifest = Manifest(
                software=software, plan=plan.id, time=f"{moment:%Y-%m-%dT%H:%M:%SZ}", files=files
            )
            (part / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
            _put(part, target, Path(room))
    except OSError as error:
        raise NotWritable(f"cannot write {target}: {error.strerror or error}") from error
    return Saved(target, len(files), tuple(findings))


def _copy_files(directory: Path, part: Path, target: Path) -> list[str]:
    findings: list[str] = []
    part.mkdir()
    for path in sorted(directory.rglob("*")):
        below = path.relative_to(directory)
        own = path.resolve() == target.resolve() or target.resolve() in path.resolve().parents
        hidden = any(name.startswith(".") for name in below.parts)
        if own or hidden or not path.is_file() or path.name.endswith(_PASSED_OVER):
            continue
        (part / below).parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".gpkg":
            copy_database(path, part / below)
            findings += _findings(part / below, below)
        elif below.as_posix() != MANIFEST:  # of the backup that the plan was restored from
            shutil.copyfile(path, part / below)
    return findings


def _findings(copy: Path, name: Path) -> list[str]:
    try:
        found = inspect(copy).findings
    except BadData as error:
        return [f"{name}: {error}"]
    return [f"{name}: {one.code}: {one.message}" for one in found if one.level == "error"]


def _put(part: Path, target: Path, room: Path) -> None:
    if target.suffix.lower() != ".zip":
        for path in part.rglob("*"):
            synced(path)
        part.rename(target)
    else:
        packed = room / "packed.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for path in sorted(part.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(part).as_posix())
        synced(packed)
        packed.rename(target)
    synced(target.resolve().parent)
