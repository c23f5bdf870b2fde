"""Figures for Prometheus: requests, edits, and what the processes take.

With several workers each counts in a file of a folder that they share, and whichever answers adds
them up; what memory and files they hold is asked of the system for each.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from geoplan_api.deps import lang_of, offered
from geoplan_api.negotiation import PROMETHEUS
from geoplan_api.permission import require
from geoplan_api.respond import text_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that names the folder of several workers; the library reads it at its import."""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_EDITS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ITEMS = "/collections/{collection_id}/items"
_OF_WORKER = re.compile(r"_(\d+)\.db$")
router = APIRouter()


class Metrics:
    """Counts what the service does."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "geoplan_requests", "Requests answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "geoplan_request_seconds",
            "Time from a request to the end of its answer.",
            ("route", "status"),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._kept: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._edits = Counter(
            "geoplan_edits", "Features changed.", ("method",), registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; a method nobody knows counts as ``OTHER``."""
        known = method if method in METHODS else "OTHER"
        key = (known, route, status)
        if key not in self._kept:  # finding them by labels takes longer than counting
            self._kept[key] = (
                self._requests.labels(known, route, str(status)),
                self._seconds.labels(route, str(status)),
            )
        requests, durations = self._kept[key]
        requests.inc()
        durations.observe(seconds)
        if method in _EDITS and route.startswith(_ITEMS) and status < 300:
            self._edits.labels(method).inc()

    def exposition(self) -> str:
        """Return all figures in the text format of Prometheus."""
        counted, folder = self._registry, os.environ.get(FOLDER)
        if folder is not None:
            counted = CollectorRegistry()
            MultiProcessCollector(counted, folder)  # type: ignore[no-untyped-call]
        processes = CollectorRegistry()
        processes.register(_Processes(folder))
        written: bytes = generate_latest(counted) + generate_latest(processes)
        return written.decode("utf-8")


class _Processes(Collector):
    """Memory and open files of the workers, from ``/proc``; nothing where there is none."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        rss = GaugeMetricFamily(
            "geoplan_process_resident_memory_bytes", "Resident memory.", labels=["pid"]
        )
        files = GaugeMetricFamily("geoplan_process_open_files", "Open files.", labels=["pid"])
        page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        for pid in self._pids():
            process = Path(f"/proc/{pid}")
            try:
                pages = int((process / "statm").read_text().split()[1])
                held = len(list((process / "fd").iterdir()))
            except OSError:
                continue  # it ended
            rss.add_metric([str(pid)], pages * page)
            files.add_metric([str(pid)], held)
        return rss, files

    def _pids(self) -> Iterator[int]:
        yield from sorted({os.getpid(), *self._others()})

    def _others(self) -> Iterator[int]:
        for path in Path(self._folder).glob("*.db") if self._folder else ():
            found = _OF_WORKER.search(path.name)
            if found:
                yield int(found[1])


async def metrics(request: Request) -> Response:
    """Show the figures."""
    require(request, "watch")
    offer = offered(request, PROMETHEUS)
    counted: Metrics = request.app.state.metrics
    return text_response(counted.exposition(), offer.media_type, lang_of(request))


router.add_route("/metrics", metrics, methods=["GET", "HEAD"])
