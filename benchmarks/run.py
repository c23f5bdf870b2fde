"""One run of one contestant, in a process of its own; prints one line of JSON.

CPU seconds are those of all threads and child processes; reading the layers and importing are
outside the time. Peak memory is the process's high-water mark, layers and imports included.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.contest import Absent
from benchmarks.peers import SERVERS
from benchmarks.workloads import workload


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    # ru_maxrss would do, but a child begins with its parent's
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def main(name: str, who: str, folder: Path) -> dict[str, Any]:
    contestant = workload(name).WHO[who]
    try:
        job = contestant(folder)
    except Absent as absent:
        return {"absent": str(absent)}
    cpu, wall = cpu_seconds(), time.perf_counter()
    finish = job()
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    peak = peak_mb()
    answer = finish()
    run = {"wall_s": wall, "figures": answer.figures, "latencies_ms": answer.latencies_ms}
    # what a server spends is not seen from here
    return run if who in SERVERS else run | {"cpu_s": cpu, "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
