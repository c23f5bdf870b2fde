"""Jobs, kept as files: what was asked, how far it is, what came of it.

A job is a folder with ``status.json`` and, once it is done, the answer. Each file is written
beside and moved into place, so that a kill leaves the old state or the new one. Several processes
may serve the same jobs: what they need of each other stands in the files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from geoplan.errors import NotWritable
from geoplan_api.errors import JobNotFound, ResultNotReady

if TYPE_CHECKING:
    from collections.abc import Iterator

Status = Literal["accepted", "running", "successful", "failed", "dismissed"]
OPEN = ("accepted", "running")
STOPPED = "the service stopped while the job was worked on: ask for it again"
_ID = re.compile(r"[0-9a-f]{32}")
_STATUS, _ANSWER, _DISMISSED = "status.json", "answer", "dismissed"


@dataclass(frozen=True)
class Job:
    """A job as it stands.

    Attributes
    ----------
    id, process, who : str
        Who asked for it: the name of a key, or an address.
    status : {"accepted", "running", "successful", "failed", "dismissed"}
    created, updated : str
        Times (RFC 3339, UTC).
    started, finished : str, optional
    progress : int
        Percent that is done.
    message : str
        What is to be known: why it failed.
    owner : tuple of (int, str)
        The process that works on it: its number and when it began.
    answer : mapping, optional
        What the answer is: ``media_type``, ``name``, ``document``; or ``error``, ``message`` and
        ``pointer``.
    """

    id: str
    process: str
    who: str
    status: Status
    created: str
    updated: str
    owner: tuple[int, str]
    started: str | None = None
    finished: str | None = None
    progress: int = 0
    message: str = ""
    answer: dict[str, Any] | None = None


class Jobs:
    """The jobs in a folder.

    Parameters
    ----------
    folder : Path
        Made when the first job comes.
    days : float
        How long a job that ended is kept [d].
    """

    def __init__(self, folder: Path, days: float) -> None:
        self._folder, self._days = folder, days

    def add(self, process: str, who: str) -> Job:
        """Keep a new job of somebody.

        Raises
        ------
        NotWritable
            The folder cannot be written to.
        """
        self._forget_old()
        now = _now()
        job = Job(uuid4().hex, process, who, "accepted", now, now, _owner())
        try:
            (self._folder / job.id).mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise NotWritable(f"jobs cannot be kept in {self._folder}: {error}") from error
        self._write(job)
        return job

    def get(self, job_id: str) -> Job:
        """Return a job as it stands now.

        Raises
        ------
        JobNotFound
            There is none of that id.
        """
        job = self._read(job_id) if _ID.fullmatch(job_id) else None
        if job is None:
            raise JobNotFound(f"there is no job {job_id!r}: it may have been dismissed, or be old")
        return job

    def every(self) -> list[Job]:
        """Return all jobs, the newest first."""
        there = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        jobs = [self._read(one.name) for one in there if _ID.fullmatch(one.name)]
        return sorted((one for one in jobs if one), key=lambda job: job.created, reverse=True)

    def change(self, job_id: str, **values: Any) -> None:
        """Note how a job stands; one that was removed stays so."""
        job = self._read(job_id)
        if job is not None and job.status in OPEN:
            self._write(replace(job, updated=_now(), **values))

    def begin(self, job_id: str) -> None:
        """Note that a job is being worked on."""
        self.change(job_id, status="running", started=_now())

    def finish(self, job_id: str, status: Status, answer: dict[str, Any], message: str) -> None:
        """Note that a job has ended, and with what."""
        now = _now()
        done = {"progress": 100} if status == "successful" else {}
        self.change(job_id, status=status, finished=now, answer=answer, message=message, **done)

    def place(self, job_id: str) -> Path:
        """Return where the answer of a job is kept."""
        return self._folder / job_id / _ANSWER

    def answer(self, job: Job) -> dict[str, Any]:
        """Return what the answer of a job is.

        Raises
        ------
        ResultNotReady
            It has none, or not yet.
        """
        if job.answer is None:
            raise ResultNotReady(f"job {job.id} is {job.status}: it has no result")
        return job.answer

    def dismiss(self, job_id: str) -> Job:
        """Forget a job that has ended; have one that has not stopped by whoever works on it."""
        job = self.get(job_id)
        if job.status in OPEN:
            (self._folder / job_id / _DISMISSED).touch()
            job = replace(job, status="dismissed", updated=_now(), finished=_now())
            self._write(job)
            return job
        shutil.rmtree(self._folder / job_id, ignore_errors=True)
        return replace(job, status="dismissed", updated=_now())

    def unwanted(self, job_id: str) -> bool:
        """Tell whether a job was dismissed."""
        folder = self._folder / job_id
        return not folder.is_dir() or (folder / _DISMISSED).exists()

    def _read(self, job_id: str) -> Job | None:
        try:
            told = json.loads((self._folder / job_id / _STATUS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # it is being made, or removed
        job = Job(**{**told, "owner": tuple(told["owner"])})
        if job.status in OPEN and (self._folder / job_id / _DISMISSED).exists():
            return replace(job, status="dismissed")  # whoever works on it may have written last
        if job.status in OPEN and not _lives(job.owner):
            job = replace(
                job, status="failed", message=STOPPED, finished=job.updated,
                answer={"error": "WorkerDied", "message": STOPPED, "pointer": None},
            )  # fmt: skip
            self._write(job)
        return job

    def _write(self, job: Job) -> None:
        folder = self._folder / job.id
        try:
            with tempfile.NamedTemporaryFile(
                "w", dir=folder, encoding="utf-8", delete=False
            ) as file:
                json.dump(asdict(job), file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(folder / _STATUS)
        except FileNotFoundError:
            return  # removed meanwhile
        except OSError as error:
            raise NotWritable(f"jobs cannot be kept in {self._folder}: {error}") from error

    def _forget_old(self) -> None:
        oldest = _stamp(datetime.now(tz=UTC) - timedelta(days=self._days))
        for job in list(self._ended()):
            if (job.finished or job.updated) < oldest:
                shutil.rmtree(self._folder / job.id, ignore_errors=True)

    def _ended(self) -> Iterator[Job]:
        return (job for job in self.every() if job.status not in OPEN)


def _now() -> str:
    return _stamp(datetime.now(tz=UTC))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _owner() -> tuple[int, str]:
    return os.getpid(), _began(os.getpid())


def _lives(owner: tuple[int, str]) -> bool:
    """Tell whether the process is still the one that it was: numbers are given again."""
    return _began(owner[0]) == owner[1] != ""


def _began(pid: int) -> str:
    """Return when a process began, in ticks since the machine did; empty without such a one."""
    if not Path("/proc/self/stat").exists():  # not Linux: its number has to do
        with suppress(OSError):
            os.kill(pid, 0)
            return "unknown"
    with suppress(OSError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rsplit(")", 1)[1].split()[19]
    return ""
