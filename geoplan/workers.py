"""Running a function in a process of its own: limited in memory and time, and expendable.

What reads a stranger's file, or computes on a stranger's geometry, may run out of memory, never
end, or crash. Here only the worker suffers. A warm worker takes the next call at once; one that
failed in any such way is thrown away.

The answer comes back as plain values (numbers, texts, bytes, lists, tuples, dicts): whatever a
captured worker sends, reading it runs no code.
"""

from __future__ import annotations

import atexit
import importlib
import io
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Self

from geoplan import errors
from geoplan.errors import GeoplanError, WorkerDied, WorkerTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from geoplan.progress import Report

_LENGTH = struct.Struct("<Q")
_START_S = 30.0
_LOOK_S = 0.5
_IN_WORKER = "GEOPLAN_IN_WORKER"
"""Set in the environment of a worker."""
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "PYTHONPATH", "VIRTUAL_ENV")
"""What a worker gets of our environment: no proxies, no credentials, no settings of GDAL."""
_MEGABYTE = 1 << 20
_NO_MEMORY = (
    "bad_alloc",
    "out of memory",
    "cannot allocate memory",
    "outofmemory",
    "failed to map segment",
)


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes
    ----------
    memory_mb : int
        Address space beyond what the worker holds before the call.
    seconds : float
        From call to answer; then the worker is killed.
    """

    memory_mb: int = 2048
    seconds: float = 120.0


class Worker:
    """A process that runs functions of geoplan, one call at a time.

    Attributes
    ----------
    peak_rss_mb : float, optional
        Most memory that was resident during the last call [MB], also of one that failed or was
        killed. Of a process that crashed by itself the kernel keeps one figure only, which counts
        ours from when it was started: it held no more than that.

    Examples
    --------
    >>> with Worker() as worker:
    ...     worker.call("math:factorial", 5)
    120
    """

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        self._folder = tempfile.TemporaryDirectory(prefix="geoplan-worker-")
        kept |= {"HOME": self._folder.name, "TMPDIR": self._folder.name, "PROJ_NETWORK": "OFF"}
        kept[_IN_WORKER] = "1"
        paths = [path for path in sys.path if path and os.path.isdir(path)]  # noqa: PTH112
        kept["PYTHONPATH"] = os.pathsep.join(paths)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "geoplan.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
            cwd=self._folder.name,
            # a worker's own workers stay in its group: whoever kills it kills them
            start_new_session=_IN_WORKER not in os.environ,
        )
        self._lock = Lock()
        self.pid = self._process.pid
        self.peak_rss_mb: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether it can take a call."""
        return self._process.poll() is None

    def call(
        self,
        function: str,
        *arguments: Any,
        limits: Limits | None = None,
        report: Report | None = None,
    ) -> Any:
        """Run a function there and return its answer.

        Parameters
        ----------
        function : str
            ``module:name``. Arguments and answer are plain values.
        limits : Limits, optional
            What the call may use.
        report : callable, optional
            Told how much is done of how much while the call runs. The function then takes one
            argument more, last: what it tells these two numbers to.

        Raises
        ------
        WorkerTimeout, WorkerOutOfMemory, WorkerDied
            It took too long, wanted too much memory, or crashed; the worker is gone.
        GeoplanError
            What the function itself raised.
        """
        bounds = limits or Limits()
        with self._lock:
            try:
                self._prepare(function)
                _forget_peak(self.pid)
                kind, answer = self._ask(
                    ("run", function, arguments, bounds.memory_mb, report is not None),
                    bounds.seconds,
                    report,
                )
            except BaseException:
                self.close()
                raise
            self.peak_rss_mb = _peak_mb(self.pid)
        if kind == "answer":
            return answer
        name, message = answer
        if name in ("WorkerOutOfMemory", "WorkerDied"):
            self.close()
        found = getattr(errors, name, WorkerDied)
        raise found(message) if issubclass(found, GeoplanError) else WorkerDied(message)

    def close(self) -> None:
        """Kill the process, whatever it does."""
        if self.alive:
            self.peak_rss_mb = _peak_mb(self.pid)
            self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        self._folder.cleanup()

    def kill(self) -> None:
        """Have the process die, from any thread: a call that is under way ends as `WorkerDied`."""
        if self.alive:
            with suppress(ProcessLookupError):
                (os.kill if _IN_WORKER in os.environ else os.killpg)(self.pid, signal.SIGKILL)

    def _prepare(self, function: str) -> None:
        """Have the function imported first: that is neither the call's time nor its memory."""
        kind, answer = self._ask(("import", function), _START_S)
        if kind != "answer":
            raise WorkerDied(f"the worker cannot load {function}: {answer[1]}")

    def _ask(
        self, job: tuple[Any, ...], seconds: float, report: Report | None = None
    ) -> tuple[str, Any]:
        assert self._process.stdin is not None  # noqa: S101 - for the type
        body = pickle.dumps(job)
        try:
            self._process.stdin.write(_LENGTH.pack(len(body)) + body)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._died() from None
        deadline = time.monotonic() + seconds
        while True:
            kind, answer = self._message(deadline, seconds)
            if kind != "progress" or report is None:
                return kind, answer
            report(*_counts(answer))

    def _message(self, deadline: float, seconds: float) -> tuple[str, Any]:
        kind, answer = _PlainUnpickler(io.BytesIO(self._receive(deadline, seconds))).load()
        return kind, answer

    def _receive(self, deadline: float, seconds: float) -> bytes:
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline, seconds))
        return self._exactly(length, deadline, seconds)

    def _exactly(self, count: int, deadline: float, seconds: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - for the type
        source, got = self._process.stdout.fileno(), bytearray()
        while len(got) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                raise WorkerTimeout(
                    f"the work took more than {seconds:g} s and was stopped: nothing was changed"
                )
            part = os.read(source, min(count - len(got), _MEGABYTE))
            if not part:
                raise self._died()
            got += part
        return bytes(got)

    def _died(self) -> WorkerDied:
        code = self._reaped()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return WorkerDied(f"the process that did the work died ({how}): nothing was changed")

    def _reaped(self) -> int:
        """Wait for the end of a process that crashed; return its code, note what it held."""
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            return self._process.wait()  # it was waited for already
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.peak_rss_mb = usage.ru_maxrss / 1024
        return self._process.returncode


def _forget_peak(pid: int) -> None:
    """Have a process's peak counted from now; where that cannot be, it counts from its start."""
    with suppress(OSError), open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("5")


def _peak_mb(pid: int) -> float | None:
    """Return the most memory that was resident in a process; None when it is gone [MB]."""
    with suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
        lines = dict(line.split(":", 1) for line in file if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024 if "VmHWM" in lines else None
    return None


class _Warm:
    """The worker kept for the next call."""

    worker: Worker | None = None


def run(
    function: str, *arguments: Any, limits: Limits | None = None, report: Report | None = None
) -> Any:
    """Run a function in the warm worker, starting one when there is none; see `Worker.call`."""
    if _Warm.worker is None or not _Warm.worker.alive:
        stop()
        _Warm.worker = Worker()
        atexit.register(stop)
    return _Warm.worker.call(function, *arguments, limits=limits, report=report)


def peak_rss_mb() -> float | None:
    """Return the most memory resident during the last call of `run`; see `Worker` [MB]."""
    return None if _Warm.worker is None else _Warm.worker.peak_rss_mb


def stop() -> None:
    """End the warm worker."""
    atexit.unregister(stop)
    if _Warm.worker is not None:
        _Warm.worker.close()
        _Warm.worker = None


def _counts(answer: Any) -> tuple[int, int]:
    """Return the two numbers that a worker tells, and nothing else that it might."""
    try:
        done, total = answer
        return int(done), int(total)
    except (TypeError, ValueError, OverflowError):
        raise WorkerDied("the worker told its progress in something else than numbers") from None


class _PlainUnpickler(pickle.Unpickler):
    """Reads values, never code: a captured worker must not capture us."""

    def find_class(self, module: str, name: str) -> Any:
        raise WorkerDied(f"the worker answered with something that is no plain value: {name}")


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]


def _serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer calls until the pipe closes."""
    while head := source.read(_LENGTH.size):
        (length,) = _LENGTH.unpack(head)
        _send(sink, _answer(pickle.loads(source.read(length)), sink))  # noqa: S301 - our parent


def _send(sink: BinaryIO, message: tuple[str, Any]) -> None:
    body = pickle.dumps(message)
    sink.write(_LENGTH.pack(len(body)) + body)
    sink.flush()


def _answer(job: tuple[Any, ...], sink: BinaryIO) -> tuple[str, Any]:
    try:
        function = _function(job[1])
        if job[0] == "import":
            return "answer", None
        told = [lambda done, total: _send(sink, ("progress", (done, total)))] if job[4] else []
        # whatever is done about an error is done with the limit lifted, or it fails as well
        with _limited_memory(job[3]):
            answer = function(*job[2], *told)
    except GeoplanError as error:
        return "error", (type(error).__name__, str(error))
    except MemoryError:
        return "error", ("WorkerOutOfMemory", _out_of_memory(job))
    except RecursionError:
        return "error", ("TooDeep", "the input is nested too deep to be read")
    except Exception as error:
        if any(sign in str(error).lower() for sign in _NO_MEMORY):
            return "error", ("WorkerOutOfMemory", _out_of_memory(job))
        return "error", ("WorkerDied", f"unexpected {type(error).__name__}: {error}")
    return "answer", answer


def _out_of_memory(job: tuple[Any, ...]) -> str:
    return f"the work wanted more than {job[3]} MB of memory and was stopped: nothing was changed"


@contextmanager
def _limited_memory(megabytes: int) -> Iterator[None]:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        baseline = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (baseline + megabytes * _MEGABYTE, -1))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))


def _end_with_parent(parent: int) -> None:
    """Die, and all that was started here, when the process dies that wants the answer."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os.killpg(0, signal.SIGKILL)


def _main() -> None:
    """Serve on the pipes we were given; whatever else prints goes nowhere."""
    Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    _main()
