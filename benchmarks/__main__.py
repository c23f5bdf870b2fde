"""geoplan's queries beside their peers: CPU and wall medians, peak memory, ratios, agreement.

Run by ``make bench``; docs/benchmarks.md says what is compared and how.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import table
from benchmarks.rounds import Runs, alternate, data_for
from benchmarks.workloads import NAMES, workload

DATA = Path(__file__).parent / "data"
LIMITS_S = {"tiny": 120.0, "small": 120.0, "full": 900.0}


def chosen() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    options.add_argument("names", nargs="*", metavar="workload", help=", ".join(NAMES))
    options.add_argument("--runs", type=int, default=3, help="rounds (3)")
    options.add_argument("--size", choices=tuple(LIMITS_S), default="small")
    options.add_argument("--data", type=Path, default=DATA, help="where the layers are kept")
    options.add_argument("--limit", type=float, help="seconds that one run may take")
    found = options.parse_args()
    unknown = [name for name in found.names if name not in NAMES]
    if unknown:
        options.error(f"no workload {unknown[0]!r}: there are {', '.join(NAMES)}")
    if found.runs < 1:
        options.error("--runs must be 1 or more")
    return found


def memory(name: str, runs: Runs) -> list[str]:
    """Say whether each contestant with a limit stayed within it."""
    said = []
    for who, limit_mb in getattr(workload(name), "PEAK_LIMIT_MB", {}).items():
        peaks = [run["peak_mb"] for run in runs[who] if "peak_mb" in run]
        if peaks:
            verdict = "within" if max(peaks) <= limit_mb else "EXCEEDS"
            said.append(f"{name}: {who} peak {max(peaks):.0f} MB {verdict} {limit_mb:.0f} MB")
        else:
            said.append(f"{name}: {who} did not complete, so its peak EXCEEDS what is known")
    return said


def main() -> int:
    options = chosen()
    size, limit_s = options.size, options.limit or LIMITS_S[options.size]
    parts, remarks = [], []
    for name in options.names or NAMES:
        module = workload(name)
        if size not in module.SIZES:
            print(f"  {name}: only with --size {', '.join(module.SIZES)}", file=sys.stderr)
            continue
        runs = alternate(name, data_for(name, size, options.data), options.runs, limit_s)
        found = table.rows(runs, getattr(module, "TOLERANCES", None))
        parts.append((module.TITLE.format(**module.SIZES[size]), found))
        remarks += memory(name, runs)
    print(table.text(parts))
    print(*remarks, sep="\n", end="\n" if remarks else "")
    wrong = [row for _, rows in parts for row in rows if "DIFFERS" in row[-1]]
    return 1 if wrong or any("EXCEEDS" in remark for remark in remarks) else 0


if __name__ == "__main__":
    raise SystemExit(main())
