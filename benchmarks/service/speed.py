"""What a request costs: ours, tipg on PostGIS, pygeoapi on the same GeoPackage.

    python -m benchmarks.service.speed

One worker each, the same 200,000 polygons in EPSG:4326 (so that no server has to move them), one
connection, one request after the other. The servers take turns in each round; a question is
asked for a second, then the next server's turn comes. Measured is CPU time from /proc, not the
clock: of the worker, and for tipg of the worker with its PostgreSQL. The median of the rounds is
printed, and with it how often ours fits into a peer's.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.service import peers
from benchmarks.service.cases import CASES, Case
from benchmarks.service.cpu import family_spent_ms, peak_rss_mb, spent_ms
from benchmarks.service.parcels import make
from geoplan import Catalogue

CRS = 4326
WARM = 9**2 * 1000 + 78
"""Number of the first of the requests that are asked before any is measured."""
ALONE = "tipg, worker alone"
Found = dict[str, dict[str, list[float]]]
"""Case → server → CPU milliseconds a request, one of each round."""


class Asker:
    """Asks a server over one connection."""

    def __init__(self, running: peers.Running) -> None:
        self.running = running
        self._connection = http.client.HTTPConnection(str(urlsplit(running.base).netloc))

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (self.running.name, path, answer.status, body[:300])
        return body

    def spent(self) -> tuple[float, float]:
        """Return CPU milliseconds so far: with helpers, and of the worker alone."""
        alone = spent_ms(self.running.process.pid)
        return alone + sum(map(family_spent_ms, self.running.helpers)), alone

    def cost(self, case: Case, first: int, seconds: float) -> tuple[float, float, int]:
        """Ask for some seconds; return CPU milliseconds a request, twice, and how many."""
        name = self.running.name
        self._connection.close()  # the server may have, while others had their turn
        before, ends, number = self.spent(), time.monotonic() + seconds, first
        most = case.most or sys.maxsize
        while number - first < min(3, most) or (time.monotonic() < ends and number - first < most):
            self.get(case.paths(number)[name])
            number += 1
        after, count = self.spent(), number - first
        return (after[0] - before[0]) / count, (after[1] - before[1]) / count, count


def check(case: Case, askers: list[Asker]) -> None:
    """Assert that all servers answer a question with as many features."""
    counts = {}
    for asker in askers:
        path = case.paths(3).get(asker.running.name)
        if path is not None and asker.running.name in ("geoplan", *case.goals):
            counts[asker.running.name] = len(json.loads(asker.get(path))["features"])
    assert len(set(counts.values())) == 1, (case.title, counts)
    assert min(counts.values()) > 0, (case.title, counts)


def measure(askers: list[Asker], rounds: int, seconds: float) -> Found:
    """Ask everything in turns."""
    found: Found = defaultdict(lambda: defaultdict(list))
    for case in CASES:
        if case.counted:
            check(case, askers)
        following: dict[str, int] = defaultdict(int)
        for asker in askers:
            if asker.running.name in case.paths(0) and not _unfit(case, asker.running.name):
                asker.cost(case, WARM, 0)
        for _ in range(rounds):
            for asker in askers:
                name = asker.running.name
                if name not in case.paths(0) or (name != "geoplan" and _unfit(case, name)):
                    continue
                whole, alone, count = asker.cost(case, following[name], seconds)
                following[name] += count
                found[case.title][name].append(whole)
                if asker.running.helpers:
                    found[case.title][ALONE].append(alone)
    return found


def _unfit(case: Case, name: str) -> bool:
    """Say whether a peer cannot answer a question rightly."""
    return name == "pygeoapi" and "CQL2" in case.title  # it ignores such a filter


def site_check_ms(folder: Path, requests: int) -> float:
    """Return the median time of a site check over the five layers of the town [ms]."""
    plan = folder / "town"
    shutil.copytree(peers.ROOT / "examples" / "town", plan)
    ring = [[122.99, 41.08], [123.005, 41.08], [123.005, 41.09], [122.99, 41.09], [122.99, 41.08]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    body = json.dumps({"inputs": {"geometry": geometry, "layers": list(Catalogue.open(plan))}})
    times = []
    with peers.ours(plan) as running:
        connection = http.client.HTTPConnection(str(urlsplit(running.base).netloc))
        for _ in range(requests + 5):
            start = time.perf_counter()
            told = {"Content-Type": "application/json"}
            connection.request("POST", "/processes/site-check/execution", body, told)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[5:])


def table(found: Found) -> str:
    """Return the results as Markdown."""
    names = ["geoplan", "tipg", ALONE, "pygeoapi"]
    lines = ["| case | " + " | ".join(names) + " | × tipg (goal) | × pygeoapi (goal) |",
             "|---|" + "---|" * (len(names) + 2)]  # fmt: skip
    for case in CASES:
        costs = {name: statistics.median(each) for name, each in found[case.title].items()}
        shown = [f"{costs[name]:.3g}" if name in costs else "–" for name in names]
        ratios = []
        for peer in ("tipg", "pygeoapi"):
            goal = f" (≥ {case.goals[peer]:g})" if peer in case.goals else ""
            ratio = f"{costs[peer] / costs['geoplan']:.3g}" if peer in costs else "–"
            ratios.append(ratio + goal)
        lines.append(f"| {case.title} | " + " | ".join([*shown, *ratios]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--features", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=1.0)
    chosen = options.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        plan = Path(name) / "plan"
        plan.mkdir()
        frame = make(plan, chosen.features, CRS)
        own = stack.enter_context(peers.ours(plan))
        askers = [Asker(own)]
        for peer in (lambda: peers.tipg(frame), lambda: peers.pygeoapi(plan / "parcels.gpkg")):
            try:
                askers.append(Asker(stack.enter_context(peer())))
            except peers.Absent as absent:
                print(f"absent: {absent}", file=sys.stderr)
        print(table(measure(askers, chosen.rounds, chosen.seconds)))
        print(f"\npeak memory of our worker: {peak_rss_mb(own.process.pid):.0f} MB")
        for asker in askers[1:]:
            peak = peak_rss_mb(asker.running.process.pid)
            print(f"peak memory of {asker.running.name}'s worker: {peak:.0f} MB")
        print(f"site check over five layers, p50: {site_check_ms(Path(name), 60):.1f} ms")
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
