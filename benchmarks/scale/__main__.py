"""``python -m benchmarks.scale``: overlap of parcels in partitions, by one process and by workers.

Every answer is compared with that of one process, byte by byte in its order.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.run import peak_mb
from benchmarks.scale.layers import parcels
from geoplan.partitions import tile

if TYPE_CHECKING:
    from collections.abc import Iterator

ENV = {**os.environ, "OMP_NUM_THREADS": "1"}
"""As dask's own workers have it: a worker keeps to one core."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--parcels", type=int, default=4_000_000)
    asked.add_argument("--zones", type=int, default=20_000)
    asked.add_argument("--features", type=int, default=50_000)
    asked.add_argument("--data", type=Path, default=Path("benchmarks/data"))
    asked.add_argument("--only", nargs="*", default=["one process", "1", "2", "2 killed"])
    given = asked.parse_args()
    folder = built(given.data, given.parcels, given.zones, given.features)
    first, wall = None, 10.0
    with tempfile.TemporaryDirectory(dir=given.data) as name:
        to = Path(name) / "answer"
        for who in given.only:
            run = asked_of(who, folder, to, after_s=wall / 2)
            wall = run["wall_s"]
            digest = _digest(to)
            shutil.rmtree(to)
            first = first or digest
            print(who, json.dumps(run), "identical" if digest == first else "DIFFERS", flush=True)
            if digest != first:
                raise SystemExit(1)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def built(data: Path, count: int, zone_count: int, features: int) -> Path:
    """Lay the layers out, unless they are there; say what it took."""
    folder = data / f"scale-{count}-{zone_count}-{features}"
    if (folder / "zones").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wall, cpu = time.perf_counter(), time.process_time()
    tile(lambda: parcels(count, seed=1), folder / "parcels", features=features)
    told = time.perf_counter() - wall, time.process_time() - cpu
    size = sum(path.stat().st_size for path in (folder / "parcels").iterdir())
    print(
        f"laid out: wall {told[0]:.0f} s, CPU {told[1]:.0f} s, {size / 1e6:.0f} MB, "
        f"peak {peak_mb():.0f} MB",
        flush=True,
    )
    tile(lambda: [layers.zones(zone_count, seed=2)], folder / "zones", features=features)
    return folder


def asked_of(who: str, folder: Path, to: Path, after_s: float) -> dict[str, Any]:
    """Ask; a worker that is to be killed is killed after so long."""
    if who == "one process":
        return _ask(folder, to, "", 0)
    count = int(who.split()[0])
    with cluster(count) as (address, workers):
        before = {each.pid: _cpu_s(each.pid) for each in workers}
        killer = None
        if "killed" in who:
            killer = Timer(after_s, workers[-1].kill)
            killer.start()
        run = _ask(folder, to, address, count)
        if killer is not None:
            assert not killer.is_alive(), "it was killed too late"
            workers[-1].wait()
        alive = [each.pid for each in workers if each.poll() is None]
        run["worker_peak_mb"] = [round(_peak_mb(pid)) for pid in alive]
        run["worker_cpu_s"] = round(sum(_cpu_s(pid) - before[pid] for pid in alive), 1)
        run["workers_left"] = len(alive)
        return run


def _ask(folder: Path, to: Path, address: str, count: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.scale.ask", str(folder), str(to), address]
    done = subprocess.run(
        [*words, str(count)], capture_output=True, text=True, check=False, env=ENV
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def cluster(count: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and workers of one thread."""
    dask = [sys.executable, "-m", "dask"]
    with tempfile.TemporaryDirectory() as name:
        told, log = Path(name) / "scheduler.json", (Path(name) / "log").open("wb")
        begun = [
            subprocess.Popen(
                [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                 "--scheduler-file", str(told)], stdout=log, stderr=log)
        ]  # fmt: skip
        while not told.exists():
            time.sleep(0.1)
        address = json.loads(told.read_text())["address"]
        worker = [*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        worker += ["--local-directory", name]
        begun += [subprocess.Popen(worker, stdout=log, stderr=log, env=ENV) for _ in range(count)]
        try:
            yield address, begun[1:]
        finally:
            for process in begun[::-1]:
                process.send_signal(signal.SIGKILL)
                process.wait()
            log.close()


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
