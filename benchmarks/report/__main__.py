"""A report with 300 findings, 20 of them with their own map: `python -m benchmarks.report`.

The quarter of the town laid side by side until the check has that many conflicts.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from pathlib import Path

import pandas as pd
import shapely
from shapely.affinity import translate

from geoplan.catalogue import Catalogue
from geoplan.processes.report import ReportInputs, written
from geoplan.store.write import write_geopackage

QUARTER = Path(__file__).parents[2] / "examples" / "town" / "quarter"
COPIES = 4


def main() -> None:
    for form in ("docx", "pdf"):
        began = time.process_time()
        made = written(Catalogue.open(QUARTER), ReportInputs(format=form))
        spent = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"quarter, 78 conflicts, {form}: {spent:.1f} s CPU, {len(made.content) / 1e6:.1f} MB, {peak:.0f} MB peak")


if __name__ == "__main__":
    main()
