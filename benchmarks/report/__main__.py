"""Reports of the quarter of the town, 20 findings with their own map."""

from __future__ import annotations

import resource
import time
from pathlib import Path

from geoplan.catalogue import Catalogue
from geoplan.processes.report import ReportInputs, written

QUARTER = Path(__file__).parents[2] / "examples" / "town" / "quarter"


def main() -> None:
    for form in ("docx", "pdf"):
        began = time.process_time()
        made = written(Catalogue.open(QUARTER), ReportInputs(format=form))
        spent = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = len(made.content) / 1e6
        print(
            f"quarter, 78 conflicts, {form}: {spent:.1f} s CPU, {size:.1f} MB, {peak:.0f} MB peak"
        )


if __name__ == "__main__":
    main()
