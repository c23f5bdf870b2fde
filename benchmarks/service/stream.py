"""Memory and time of one GeoJSON download of a million features.

    python -m benchmarks.service.stream

The service runs as `benchmarks.service.speed` runs it; the answer is read to its end and counted,
not kept. Printed are the worker's peak memory before and after, bytes, seconds, and features.
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.service import peers
from benchmarks.service.cpu import peak_rss_mb, spent_ms
from benchmarks.service.parcels import make

PIECE = 1 << 20
FEATURE = b'{"type":"Feature"'


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--features", type=int, default=1_000_000)
    wanted = options.parse_args().features
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), wanted)
        with peers.ours(Path(name)) as running:
            pid = running.process.pid
            connection = http.client.HTTPConnection(str(urlsplit(running.base).netloc))
            connection.request("GET", "/collections/parcels/items?limit=1000")
            connection.getresponse().read()
            before, began, cpu = peak_rss_mb(pid), time.perf_counter(), spent_ms(pid)
            connection.request("GET", "/collections/parcels/items?f=geojson")
            answer = connection.getresponse()
            size, found, kept = 0, 0, b""
            while piece := answer.read(PIECE):
                text = kept + piece
                size, found = size + len(piece), found + text.count(FEATURE)
                kept = text[-len(FEATURE) + 1 :]
            assert found == wanted, found
            print(f"{found:,} features, {size / 1e6:,.0f} MB, {time.perf_counter() - began:.1f} s")
            print(f"worker: {(spent_ms(pid) - cpu) / 1000:.1f} s CPU")
            print(f"peak memory: {before:.0f} MB before, {peak_rss_mb(pid):.0f} MB after")


if __name__ == "__main__":
    main()
