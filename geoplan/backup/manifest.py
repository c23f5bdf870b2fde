"""What a backup says of itself: every file with its size and checksum."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, field_validator

MANIFEST = "backup.json"
_BLOCK = 1 << 20


class Entry(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(BaseModel):
    """A backup's list of contents.

    Attributes
    ----------
    software, plan, time : str
        What made it, of which plan, when it was begun (UTC).
    files : dict of str to Entry
        By path below the plan's folder, with ``/``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    software: str
    plan: str
    time: str
    files: dict[str, Entry]

    @field_validator("files")
    @classmethod
    def _paths_stay_below(cls, files: dict[str, Entry]) -> dict[str, Entry]:
        for name in files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or str(path) != name:
                raise ValueError(f"{name!r} is no path below the folder of a plan")
        return files


def entry_of(path: Path) -> Entry:
    """Return size and checksum of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return Entry(sha256=digest.hexdigest(), size=size)


def synced(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
