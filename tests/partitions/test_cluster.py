"""A real scheduler with real workers, one of which is killed: the same answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from geoplan import queries
from geoplan.cluster import connected
from geoplan.errors import ClusterUnreachable, WorkerDied
from geoplan.queries.mapping import answers
from tests.command import geoplan
from tests.partitions.test_partitions import answer, bits, by_ids, laid_out, squares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest.importorskip("distributed", reason="dask (geoplan[scale]) is not installed")
WAIT_S = 60.0


class Cluster(NamedTuple):
    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a scheduler and two workers as `docs/scale.md` says."""
    folder = tmp_path_factory.mktemp("cluster")
    told = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    begun: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        log = (folder / f"log-{len(begun)}").open("wb")
        begun.append(subprocess.Popen([*dask, *words], stdout=log, stderr=log, cwd=folder))
        log.close()
        return begun[-1]

    try:
        begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
              "--scheduler-file", str(told))  # fmt: skip
        end = time.monotonic() + WAIT_S
        while not told.exists():
            assert time.monotonic() < end, (folder / "log-0").read_text()
            time.sleep(0.05)
        address = json.loads(told.read_text())["address"]
        workers = [
            begin("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
            for _ in range(2)
        ]
        with connected(address, 2, WAIT_S):
            yield Cluster(address, workers)
    finally:
        for process in begun[::-1]:
            process.kill()
            process.wait()


class Killing:
    """A client of a cluster that kills a worker when it has handed on some work."""

    def __init__(self, client: Any, after: int, worker: subprocess.Popen[bytes]) -> None:
        self.client, self.left, self.worker = client, after, worker
        self.ncores = client.ncores

    def submit(self, function: Callable[[Any], Any], item: Any, /, **told: Any) -> Any:
        future = self.client.submit(function, item, **told)
        self.left -= 1
        if self.left == 0:
            self.worker.send_signal(signal.SIGKILL)
            self.worker.wait()
        return future


def test_a_command_asks_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    left, right = squares(30, 20), squares(6, 4, 47.0, 0.1)
    for name, layer in (("left", left), ("right", right)):
        laid_out(layer, tmp_path / name, 100, batch=200)
    run = geoplan(
        "tiled", "overlap", tmp_path / "left", tmp_path / "right",
        "-o", tmp_path / "o.parquet", "--scheduler", cluster.address,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert bits(answer(tmp_path / "o.parquet")) == bits(
        by_ids(queries.overlap(left, right, map=map))
    )
    asked = "overlap", "--plan", "examples/town", "--json"
    wanted, found = (
        geoplan(*asked, "--workers", "1"),
        geoplan(*asked, "--scheduler", cluster.address),
    )
    assert found.returncode == 0, found.stderr
    one, other = json.loads(wanted.stdout), json.loads(found.stdout)
    assert len(one["features"]) > 3
    assert {**one, "run": None} == {**other, "run": None}


def test_a_killed_worker_changes_no_bit(cluster: Cluster) -> None:
    left, right = squares(60, 40), squares(12, 8, 47.0, 0.1)
    one = queries.overlap(left, right, map=map)
    with connected(cluster.address, 2) as client:
        killing = Killing(client, 3, cluster.workers[1])
        many = queries.overlap(left, right, map=killing, part_features=100)
        assert len(client.ncores()) == 1
    assert killing.left < -20  # and much was asked after it
    assert bits(by_ids(many)) == bits(by_ids(one))
    assert many.attrs == one.attrs


def test_what_is_no_cluster_is_named(cluster: Cluster) -> None:
    with (
        pytest.raises(ClusterUnreachable, match="has fewer than 9 workers"),
        connected(cluster.address, 9, 0.5),
    ):
        pass
    with (
        pytest.raises(ClusterUnreachable, match="no scheduler answers"),
        connected("tcp://127.0.0.1:9", wait_s=1.0),
    ):
        pass
    run = geoplan("overlap", "--plan", "examples/town", "--scheduler", "nowhere://x")
    assert run.returncode == 4
    assert "ClusterUnreachable" in run.stderr


def test_a_part_that_brings_down_its_worker_is_an_error() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(WorkerDied, match="fewer features in a part"),
    ):
        list(answers(pool, os._exit, [1]))
