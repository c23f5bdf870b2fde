"""Admission in a process of its own, with little memory, that tells what it touched."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from geoplan.errors import GeoplanError
from geoplan.store import admit

touched: list[str] = []


def _peak_megabytes() -> float:
    """Return the most memory this process held; ru_maxrss would count its parent's as well."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.listdir"):
        if str(arguments[0]).startswith((sys.prefix, sys.base_prefix)):
            return  # a module that numpy loads on its first use
        touched.append(f"{event} {arguments[:2]!r}")


def look(path: str) -> dict[str, object]:
    start = time.perf_counter()
    touched.clear()
    try:
        found = admit.inspect(path)
    except GeoplanError as error:
        code, words = type(error).__name__, str(error)
        tables: list[str] = []
    else:
        first = found.error()
        refusing = [one.code for one in found.findings if one.level == "error"]
        code = refusing[0] if refusing else "admitted"
        words = str(first) if first else ", ".join(one.code for one in found.findings)
        tables = [table.table for table in found.tables]
    return {
        "code": code,
        "words": words,
        "tables": tables,
        "seconds": time.perf_counter() - start,
        "touched": list(touched),
        "megabytes": _peak_megabytes(),
    }


def main() -> None:
    """Answer one path after another."""
    status = Path("/proc/self/statm").read_text(encoding="ascii")
    allowed = int(status.split()[0]) * resource.getpagesize() + 512 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    sys.addaudithook(watch)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(look(line.rstrip("\n"))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
