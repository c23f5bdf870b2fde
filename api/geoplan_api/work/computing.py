"""What the service computes: processes described, run at once, or done as jobs."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import shutil
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import Lock, create_task_group, to_thread

import geoplan.errors
from geoplan.errors import GeoplanError, NotWritable, WorkerDied
from geoplan.workers import Limits
from geoplan_api import errors
from geoplan_api.errors import BadInput, WorkDropped
from geoplan_api.work.jobs import Job, Jobs
from geoplan_api.work.pool import Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import TaskGroup

    from geoplan.model import Lang
    from geoplan.settings import Settings
    from geoplan_api.negotiation import Offer
    from geoplan_api.work.pool import Unwanted

_LOG = logging.getLogger("geoplan_api")
_EXECUTE = "geoplan_api.work.compute:execute"
_DOWNLOAD = "geoplan_api.work.downloads:write"
_PACK = "geoplan_api.work.packing:features"
_DESCRIBED = "geoplan_api.work.describe:described"
_LOADED = "geoplan_api.work.compute:loaded"
_TILES_WAITING = 1000
_DESCRIBING = Limits(seconds=60.0)


class Execution(NamedTuple):
    """A process to be run, as it was asked for.

    Attributes
    ----------
    process : str
    inputs : dict
        As they were sent.
    offer : Offer
        What to answer with.
    document : bool
        Whether to answer with a document of all outputs, and not with the one itself.
    lang : {"zh", "en"}
    base : str
        The address of the service, as the client knows it.
    seen : tuple of str, optional
        Layers and rasters that whoever asks may see; None for all.
    who : str
        Who asks; a job is theirs.
    """

    process: str
    inputs: Any
    offer: Offer
    document: bool
    lang: Lang
    base: str
    seen: tuple[str, ...] | None
    who: str


class Answer(NamedTuple):
    """The answer of a process: bytes, or a file that is the holder's to remove.

    Attributes
    ----------
    body : bytes, optional
    file : Path, optional
    name : str, optional
        What a file is to be called.
    left_out : int
        How many features or pairs were not measured, which a table has no room to say.
    """

    body: bytes | None
    file: Path | None
    name: str | None
    left_out: int = 0


class Computing:
    """Processes that compute for the service, and the jobs that are kept.

    Parameters
    ----------
    plan : Path
        Folder of the plan.
    settings : Settings
    """

    def __init__(self, plan: Path, settings: Settings) -> None:
        self._plan, self._settings = plan.resolve(), settings
        self._now = Pool(settings.compute_processes, settings.compute_queue)
        self._later = Pool(settings.job_processes, settings.job_queue)
        # a map asks for dozens of tiles at once: they may all wait
        self._drawn = Pool(1, _TILES_WAITING)
        self._described: dict[tuple[str, ...] | None, list[dict[str, Any]]] = {}
        self._describing = Lock()
        self._tasks: TaskGroup | None = None
        self.jobs = Jobs(settings.jobs or _own_folder(self._plan), settings.job_days)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work on jobs until the service ends; then end all that is computed."""
        async with create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self.close()
                tasks.cancel_scope.cancel()

    def warm(self) -> None:
        """Have a process ready before the first request comes, without waiting for it."""
        self._now.warm(_LOADED)

    def close(self) -> None:
        """End all processes."""
        self._now.close()
        self._later.close()
        self._drawn.close()

    async def processes(self, seen: tuple[str, ...] | None) -> list[dict[str, Any]]:
        """Return what there is to run, as `geoplan_api.work.describe.described` tells it."""
        async with self._describing:
            if seen not in self._described:
                self._described[seen] = await self._now.call(
                    _DESCRIBED, str(self._plan), seen, self._settings.echo, limits=_DESCRIBING
                )
            return self._described[seen]

    async def run(self, asked: Execution, unwanted: Unwanted | None = None) -> Answer:
        """Run a process at once.

        Raises
        ------
        GeoplanError
            What is wrong with the question, or with the data.
        ServiceBusy, WorkDropped, WorkerTimeout, WorkerOutOfMemory, WorkerDied
            See `geoplan_api.work.pool.Pool.call`.
        """
        limits = Limits(self._settings.compute_memory_mb, self._settings.compute_seconds)
        told = await self._now.call(
            _EXECUTE, *self._arguments(asked), limits=limits, unwanted=unwanted
        )
        return _answer(told)

    async def download(self, layer_id: str, *asked: Any) -> tuple[Answer, list[str]]:
        """Have features of a layer written to a file; see `geoplan_api.work.downloads.write`.

        Returns
        -------
        Answer, list of str
            The file, and what its format does not hold.
        """
        settings = self._settings
        limits = Limits(settings.compute_memory_mb, settings.download_seconds)
        told = await self._now.call(_DOWNLOAD, str(self._plan), layer_id, *asked, limits=limits)
        return _answer(told), told["losses"]

    async def draw(self, function: str, *arguments: Any) -> Any:
        """Run a function of `geoplan_api.work.drawing` on the plan.

        Raises
        ------
        GeoplanError
            What it raises, or see `geoplan_api.work.pool.Pool.call`.
        """
        limits = Limits(self._settings.compute_memory_mb, self._settings.compute_seconds)
        return await self._drawn.call(function, str(self._plan), *arguments, limits=limits)

    async def pack(self, *arguments: Any) -> bytes:
        """Have a tile's features packed; see `geoplan_api.work.packing.features`.

        Raises
        ------
        GeoplanError
            What it raises, or see `geoplan_api.work.pool.Pool.call`.
        """
        limits = Limits(self._settings.compute_memory_mb, self._settings.compute_seconds)
        made: bytes = await self._drawn.call(_PACK, str(self._plan), *arguments, limits=limits)
        return made

    def start(self, asked: Execution) -> Job:
        """Keep a job and begin it as soon as there is room.

        Raises
        ------
        NotWritable
            Jobs cannot be kept.
        ServiceBusy
            As many wait as may.
        """
        if self._tasks is None:
            raise WorkerDied("the service takes no jobs: it is not running")
        self._later.refuse_if_full()
        job = self.jobs.add(asked.process, asked.who)
        self._tasks.start_soon(self._do, job.id, asked)
        return job

    async def _do(self, job_id: str, asked: Execution) -> None:
        """Do a job: whatever comes of it stands in the job, and nothing of it ends the service."""
        try:
            await self._done(job_id, asked)
        except WorkDropped:
            return  # dismissed, and noted so
        except GeoplanError as error:
            told = {
                "error": type(error).__name__,
                "message": str(error),
                "pointer": getattr(error, "pointer", None),
            }
            said = f"{type(error).__name__}: {error}"
            with suppress(NotWritable):
                self.jobs.finish(job_id, "failed", told, said)
            if isinstance(error, NotWritable):
                _LOG.error("job %s: %s", job_id, error)
        except Exception:
            _LOG.exception("job %s", job_id)

    async def _done(self, job_id: str, asked: Execution) -> None:
        jobs, settings = self.jobs, self._settings

        async def unwanted() -> bool:
            return jobs.unwanted(job_id)

        told = await self._later.call(
            _EXECUTE,
            *self._arguments(asked),
            limits=Limits(settings.compute_memory_mb, settings.job_seconds),
            report=_Telling(jobs, job_id),
            unwanted=unwanted,
            begun=partial(jobs.begin, job_id),
        )
        await to_thread.run_sync(self._keep, job_id, asked, _answer(told))

    def _keep(self, job_id: str, asked: Execution, answer: Answer) -> None:
        place = self.jobs.place(job_id)
        if answer.file is None:
            place.write_bytes(answer.body or b"")
        else:
            shutil.move(answer.file, place)
        kept = {
            "media_type": asked.offer.media_type,
            "name": answer.name,
            "left_out": answer.left_out,
            "document": asked.document,
            "lang": asked.lang,
        }
        self.jobs.finish(job_id, "successful", kept, "")

    def _arguments(self, asked: Execution) -> tuple[str, dict[str, Any]]:
        return str(self._plan), {
            "process": asked.process,
            "seen": asked.seen,
            "inputs": asked.inputs,
            "form": asked.offer.f,
            "lang": asked.lang,
            "base": asked.base,
            "max_cells": self._settings.max_raster_cells,
        }


class _Telling:
    """Notes the progress of a job, a percent at a time."""

    def __init__(self, jobs: Jobs, job_id: str) -> None:
        self._change, self._last = partial(jobs.change, job_id), -1

    def __call__(self, done: int, total: int) -> None:
        percent = min(100 * done // max(total, 1), 99)
        if percent > self._last:
            self._last = percent
            self._change(status="running", progress=percent)


def _answer(told: dict[str, Any]) -> Answer:
    """Return what a worker answered, or raise what it told of."""
    if "error" in told:
        raise error_of(told)
    file = told.get("file")
    return Answer(
        told.get("body"), Path(file) if file else None, told.get("name"), told.get("left_out", 0)
    )


def error_of(told: dict[str, Any]) -> GeoplanError:
    """Return the error that a worker or a job tells of."""
    name, message = str(told["error"]), str(told["message"])
    if name == BadInput.__name__:
        return BadInput(message, str(told["pointer"] or ""))
    for room in (geoplan.errors, errors):
        found = getattr(room, name, None)
        if isinstance(found, type) and issubclass(found, GeoplanError):
            return found(message)
    return WorkerDied(message)


def enclosed(body: bytes, media_type: str) -> bytes:
    """Return the document of all outputs, of which there is one: ``result``."""
    if "json" in media_type:
        return b'{"result":' + body + b"}"
    if media_type.startswith("text/"):
        value: dict[str, Any] = {"value": body.decode("utf-8", "replace")}
    else:
        value = {"value": base64.b64encode(body).decode(), "encoding": "base64"}
    return json.dumps({"result": {**value, "mediaType": media_type}}).encode()


def _own_folder(plan: Path) -> Path:
    """Return where the jobs of a plan are kept when nobody says: with the state of the user."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    which = hashlib.sha256(os.fsencode(plan)).hexdigest()[:16]
    return Path(state) / "geoplan" / "jobs" / f"{plan.name}-{which}"
