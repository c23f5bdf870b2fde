"""What changes when a file does."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FileState = tuple[tuple[int, int, int] | None, ...]


def file_state(path: Path) -> FileState:
    """Return the marks of a database file and of its write-ahead log: inode, time, size.

    Two calls answer alike only when nobody wrote in between: a transaction changes the file or its
    log, in whichever program it is made.
    """
    marks: list[tuple[int, int, int] | None] = []
    for one in (path, path.with_name(path.name + "-wal")):
        try:
            found = one.stat()
        except OSError:
            marks.append(None)
        else:
            marks.append((found.st_ino, found.st_mtime_ns, found.st_size))
    return tuple(marks)


def version_of(state: FileState) -> str:
    """Return a short name of a state, as it stands in an entity tag."""
    return hashlib.blake2b(repr(state).encode(), digest_size=9).hexdigest()
