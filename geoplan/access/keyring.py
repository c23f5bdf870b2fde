"""The file of the keys: written whole or not at all, for its owner alone."""

from __future__ import annotations

import datetime
import hmac
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from geoplan.access.keys import Key, Role, digest_of, new_secret
from geoplan.errors import KeyNameTaken, KeyNotFound, KeysUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OTHERS = 0o077


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: tuple[Key, ...] = ()


def key_file(plan: Path, named: Path | None = None) -> Path:
    """Return the file of the keys of a plan: the one named, or one beside its folder.

    Not in the folder: what stands there is copied, backed up and handed on.
    """
    folder = plan.resolve()
    return named or folder.with_name(f"{folder.name}.keys.json")


class KeyFile:
    """The keys of a plan.

    Parameters
    ----------
    path : Path
        The file; none is there until the first key is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: tuple[int, int, int, int] | None = None
        self._kept: Mapping[str, Key] = {}

    def all(self) -> tuple[Key, ...]:
        """Return the keys, as the file has them now.

        Raises
        ------
        KeysUnreadable
            The file is not one of keys, or others than its owner may read it.
        """
        return tuple(self._now().values())

    def find(self, secret: str) -> Key | None:
        """Return the key of a secret; a key made or revoked meanwhile counts at once."""
        asked, found = digest_of(secret), None
        for digest, key in self._now().items():
            # every one is compared, in a time that tells nothing of how alike they are
            if hmac.compare_digest(digest, asked):
                found = key
        return found

    def add(self, name: str, role: Role, layers: tuple[str, ...] | None = None) -> str:
        """Make a key and return its secret, which is kept nowhere.

        Raises
        ------
        KeyNameTaken
            There is a key of that name.
        """
        secret, today = new_secret(), datetime.datetime.now(datetime.UTC).date()
        key = Key(name=name, role=role, layers=layers, made_on=today, sha256=digest_of(secret))
        with self._alone():
            kept = self.all()
            if name in [one.name for one in kept]:
                raise KeyNameTaken(f"there is a key {name!r}: revoke it, or take another name")
            self._write((*kept, key))
        return secret

    def revoke(self, name: str) -> None:
        """Remove a key.

        Raises
        ------
        KeyNotFound
            There is none of that name.
        """
        with self._alone():
            kept = self.all()
            left = tuple(key for key in kept if key.name != name)
            if left == kept:
                there = ", ".join(key.name for key in kept) or "none"
                raise KeyNotFound(f"there is no key {name!r}; there are: {there}")
            self._write(left)

    def _now(self) -> Mapping[str, Key]:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KeysUnreadable(f"{self.path} cannot be read: {error.strerror}") from error
        state = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
        if state != self._state:
            if sys.platform != "win32" and found.st_mode & _OTHERS:
                raise KeysUnreadable(f"{self.path} can be read by others: chmod 600 {self.path}")
            self._kept = {key.sha256: key for key in _read(self.path)}
            self._state = state
        return self._kept

    def _write(self, keys: tuple[Key, ...]) -> None:
        """Write the file beside its place and move it there."""
        text = _Keys(keys=keys).model_dump_json(indent=1) + "\n"
        # mkstemp makes it for its owner alone (0600)
        handle, name = tempfile.mkstemp(prefix=self.path.name, dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other programs from changing the file between reading and writing."""
        path = self.path.with_name(self.path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise KeysUnreadable(f"{path} cannot be written: {error.strerror}") from error
        try:
            if sys.platform != "win32":
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _read(path: Path) -> tuple[Key, ...]:
    try:
        return _Keys.model_validate_json(path.read_bytes()).keys
    except OSError as error:
        raise KeysUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KeysUnreadable(f"{path} is no file of keys: {where}: {first['msg']}") from None
