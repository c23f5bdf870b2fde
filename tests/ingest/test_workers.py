"""A worker process: what it may use, and that only it suffers."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from geoplan import workers
from geoplan.errors import TooDeep, WorkerDied, WorkerOutOfMemory, WorkerTimeout
from geoplan.workers import Limits, Worker


@pytest.fixture(scope="module", autouse=True)
def _end() -> Iterator[None]:
    yield
    workers.stop()


def test_answers_come_back_and_the_worker_stays_warm() -> None:
    assert workers.run("math:factorial", 5) == 120
    began = time.perf_counter()
    assert workers.run("math:gcd", 12, 18) == 6
    assert time.perf_counter() - began < 0.5


def test_work_without_end_is_stopped() -> None:
    began = time.perf_counter()
    with pytest.raises(WorkerTimeout, match=r"0\.3 s"):
        workers.run("time:sleep", 60, limits=Limits(seconds=0.3))
    assert time.perf_counter() - began < 5


def test_memory_has_an_end() -> None:
    with pytest.raises(WorkerOutOfMemory, match="200 MB"):
        workers.run("builtins:bytearray", 400_000_000, limits=Limits(memory_mb=200))
    assert len(workers.run("builtins:bytes", 100_000_000, limits=Limits(memory_mb=400))) == 10**8


def test_the_peak_is_told_of_every_call_however_it_ends() -> None:
    """A text of 150 MB is resident while it is made; the next call starts anew."""
    with Worker() as worker:
        assert worker.peak_rss_mb is None
        worker.call("math:factorial", 3)
        idle = worker.peak_rss_mb or 0
        assert 5 < idle < 150
        worker.call("operator:contains", "x" * 150_000_000, "y")
        assert (worker.peak_rss_mb or 0) > idle + 150e6 / 2**20 - 1
        worker.call("math:factorial", 3)
        assert (worker.peak_rss_mb or 0) < idle + 50
        with pytest.raises(WorkerTimeout):
            worker.call("time:sleep", 60, limits=Limits(seconds=0.2))
        assert idle - 1 < (worker.peak_rss_mb or 0) < idle + 50


def test_the_peak_is_told_of_a_crash() -> None:
    with Worker() as worker:
        with pytest.raises(WorkerDied, match="SIGABRT"):
            worker.call("os:abort")
        assert (worker.peak_rss_mb or 0) > 5
    workers.run("math:factorial", 3)
    assert (workers.peak_rss_mb() or 0) > 5


def test_a_crash_is_an_error_with_a_name_and_the_next_call_works() -> None:
    with pytest.raises(WorkerDied, match="SIGABRT"):
        workers.run("os:abort")
    assert workers.run("math:factorial", 3) == 6


def test_a_worker_that_failed_is_gone() -> None:
    with Worker() as worker:
        with pytest.raises(WorkerTimeout):
            worker.call("time:sleep", 60, limits=Limits(seconds=0.2))
        assert not worker.alive
        with pytest.raises(ProcessLookupError):
            os.kill(worker.pid, 0)


def test_our_errors_keep_their_name() -> None:
    with pytest.raises(TooDeep, match="nested"):
        workers.run("geoplan.ingest.texts:check_kml", b"<a>" * 100, "x.kml")


def test_no_proxy_and_no_secret_reaches_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("GDAL_HTTP_PROXY", "x")
    with Worker() as worker:
        for name in ("https_proxy", "AWS_SECRET_ACCESS_KEY", "GDAL_HTTP_PROXY"):
            assert worker.call("os:getenv", name) is None


def test_an_answer_that_would_run_code_is_refused() -> None:
    with pytest.raises(WorkerDied, match="no plain value"):
        workers.run("datetime:date", 2025, 1, 2)
    with pytest.raises(WorkerDied, match="no plain value"):
        workers._PlainUnpickler(__import__("io").BytesIO(pickle.dumps(os.system))).load()


def test_gdal_keeps_no_driver_that_opens_what_a_file_names() -> None:
    with Worker() as worker:
        found = worker.call("geoplan.ingest.gdal:drivers")
    assert sorted(found) == ["DXF", "ESRI Shapefile", "FlatGeobuf", "LIBKML", "OpenFileGDB"]


def _children(parent: int) -> list[int]:
    """Return the processes below a process that are no zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, above = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if entry.name.isdigit() and int(above) == parent and state != "Z":
            found.append(int(entry.name))
    return found


def test_a_worker_that_is_killed_takes_its_own_workers_along() -> None:
    """A worker of a worker is in the middle of a call when another thread kills the first."""
    worker = Worker()
    failed: list[BaseException] = []

    def call() -> None:
        try:
            worker.call("geoplan.workers:run", "time:sleep", 60)
        except WorkerDied as error:
            failed.append(error)

    thread = Thread(target=call)
    thread.start()
    for _ in range(200):
        time.sleep(0.05)
        if inner := _children(worker.pid):
            break
    time.sleep(0.2)
    worker.kill()
    thread.join(timeout=5)
    assert failed
    assert not worker.alive
    killed = time.monotonic()
    while any(_lives(pid) for pid in inner):
        assert time.monotonic() - killed < 1, "the worker of the worker lives on"
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
