"""Reports of plans with 300 and 3,000 conflicts: CPU, size and peak memory of each form."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report.plan import build

ROOT = Path(__file__).parents[2]
CONFLICTS, FORMS, MAPS = (300, 3000), ("docx", "pdf", "xlsx"), (20, 40)


def one(conflicts: int, form: str, maps: int) -> None:
    """Write one report in this process, and print what it took, reading and checking included."""
    from geoplan.catalogue import Catalogue
    from geoplan.processes.report import ReportInputs, written

    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(build(Path(folder), conflicts))
        began = time.process_time()
        made = written(catalogue, ReportInputs(format=form, maps=maps))  # type: ignore[arg-type]
        cpu_s = time.process_time() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert isinstance(made.content, bytes)
    print(json.dumps({"cpu_s": cpu_s, "mb": len(made.content) / 1e6, "peak_mb": peak_mb}))


def main() -> None:
    """Print the table; a run of its own for each report."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--one", nargs=3, metavar=("CONFLICTS", "FORM", "MAPS"))
    given = asked.parse_args()
    if given.one:
        one(int(given.one[0]), given.one[1], int(given.one[2]))
        return
    print("| conflicts | form | maps | CPU s | MB | peak MB |\n|---:|---|---:|---:|---:|---:|")
    for conflicts in CONFLICTS:
        for form in FORMS:
            for maps in MAPS if form != "xlsx" else (0,):
                command = [sys.executable, "-m", "benchmarks.report", "--one"]
                command += [str(conflicts), form, str(maps)]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                said = f"{found['cpu_s']:.1f} | {found['mb']:.1f} | {found['peak_mb']:.0f}"
                print(f"| {conflicts} | {form} | {maps} | {said} |", flush=True)


if __name__ == "__main__":
    main()
