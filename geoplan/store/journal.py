"""A GeoPackage held open for edits: write-ahead log, full synchronisation, one writer at a time.

The log lets readers go on while an edit is written, in this program and in others; QGIS reads a
file without locks, and so may miss rows, unless it is in that mode. It needs shared memory, which
network drives do not give.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import apsw

from geoplan.errors import FileBusy, NotWritable
from geoplan.store.objects import refuse_unexpected
from geoplan.store.writing import open_to_write, writing_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 2.0
"""How long an edit waits for other writers, this process's and other programs', all told."""
_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = ("nfs", "cifs", "smb", "9p", "ncp", "afs", "ceph", "gluster", "fuse.sshfs", "davfs")


class EditedFile:
    """A GeoPackage that is being edited, shared by the threads of a process.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = Lock()
        self._connection: apsw.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._admitted: object = None
        self._version: object = None
        self._settling: str | None = None
        self._settled: dict[str, object] = {}

    def open(self) -> None:
        """Open the file and put it into write-ahead mode.

        Raises
        ------
        NotWritable
            It stands on a network drive, or cannot be written.
        UnexpectedObject, TableInvalid, NotAGeoPackage
            It carries what a layer must not.
        FileBusy
            Another program holds it.
        """
        with self._turn() as deadline, writing_errors(self.path):
            self._ready(deadline)

    def close(self) -> None:
        """Move the log into the file, leave write-ahead mode when nobody else is there, close."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            connection.set_busy_timeout(0)
            with suppress(apsw.Error):  # another program has it open: its last one will do it
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
                connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Yield a connection within a transaction that ends on disk, or as if it never began.

        Raises
        ------
        FileBusy
            Another writer did not end within `PATIENCE_S`.
        NotWritable
            The disk is full or does not take writes.
        """
        with self._turn() as deadline, writing_errors(self.path):
            connection = self._begun(deadline)
            self._settling = None
            try:
                self._admit(connection)
                yield connection
                connection.set_busy_timeout(_milliseconds(deadline))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._admitted = None
                raise
            if self._settling is not None:
                self._settled[self._settling] = self._version
            self._mark()

    def others_wrote(self, table: str) -> bool:
        """Tell, within a transaction, whether others wrote since a table was settled."""
        return self._settled.get(table) != self._version

    def was_settled(self, table: str) -> bool:
        """Tell whether a table was edited here since the file was opened."""
        return table in self._settled

    def settled(self, table: str) -> None:
        """Note, within a transaction, that all that is said of a table was made right in it."""
        self._settling = table

    @contextmanager
    def _turn(self) -> Iterator[float]:
        deadline = time.monotonic() + PATIENCE_S
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise FileBusy(f"other edits of {self.path} take long: try again")
        try:
            yield deadline
        finally:
            self._lock.release()

    def _begun(self, deadline: float) -> apsw.Connection:
        """Begin on the file that stands at the path: another may have been put in its place."""
        while True:
            connection = self._ready(deadline)
            connection.set_busy_timeout(_milliseconds(deadline))
            connection.execute("BEGIN IMMEDIATE")
            if self._opened == self._identity():
                # counts the transactions of other connections; our own leave it as it is
                self._version = connection.execute("PRAGMA data_version").get
                return connection
            connection.execute("ROLLBACK")

    def _ready(self, deadline: float) -> apsw.Connection:
        if self._connection is not None and self._opened == self._identity():
            return self._connection
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        _refuse_network_drive(self.path)
        connection = open_to_write(self.path, create=False)
        try:
            connection.set_busy_timeout(_milliseconds(deadline))
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            refuse_unexpected(connection)  # and so the log stands beside the file from now on
        except BaseException:
            connection.close()
            raise
        self._connection, self._opened = connection, self._identity()
        self._admitted = None
        self._settled = {}
        return connection

    def _identity(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_dev, found.st_ino

    def _admit(self, connection: apsw.Connection) -> None:
        """Look at what the file carries whenever its schema changed: triggers would run now."""
        schema = connection.execute("PRAGMA schema_version").get
        if schema != self._admitted:
            refuse_unexpected(connection)
            self._admitted = schema

    def _mark(self) -> None:
        """Give the log a time of its own.

        The system's clock for files ticks every few milliseconds: two edits within a tick would
        leave the same mark, and readers would take the second for the first.
        """
        moment = time.time_ns()
        for path in (self.path.with_name(self.path.name + "-wal"), self.path):
            with suppress(OSError):
                os.utime(path, ns=(moment, moment))
                return


def _milliseconds(deadline: float) -> int:
    return max(1, int((deadline - time.monotonic()) * 1000))


def _refuse_network_drive(path: Path) -> None:
    """Refuse a file on a drive of another machine: programs there do not see the log's memory."""
    kind = network_drive(path)
    if kind:
        raise NotWritable(
            f"{path} stands on a network drive ({kind}): edits need a disk of this machine"
        )


def network_drive(path: Path) -> str:
    """Return the type of the network drive that a path stands on; empty on a disk of its own."""
    kind = _file_system(path)
    return kind if kind.startswith(_REMOTE) else ""


def _file_system(path: Path) -> str:
    """Return the type of the file system of a path; empty where the system does not tell."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        if (path == Path(point) or Path(point) in path.parents) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind.lower()
