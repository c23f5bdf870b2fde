"""What the benchmark of the service relies on: other questions each time, CPU time that counts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.service.cases import CASES, Case
from benchmarks.service.cpu import family_spent_ms, peak_rss_mb, spent_ms
from benchmarks.service.speed import WARM

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
SAME = ("MVT z14, cached", "landing page")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_no_question_is_asked_twice(case: Case) -> None:
    asked = [*range(3 * (case.most or 20)), *range(WARM, WARM + 3)]
    paths = [case.paths(number)["geoplan"] for number in asked]
    assert len(set(paths)) == (1 if case.title in SAME else len(paths))


def test_cpu_time_is_that_of_the_process_and_of_its_children() -> None:
    before = spent_ms(os.getpid())
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 150 < spent_ms(os.getpid()) - before < 400
    before = family_spent_ms(os.getpid())
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert 250 < family_spent_ms(os.getpid()) - before < 1000  # with the start of Python


def test_peak_memory_is_in_megabytes() -> None:
    assert 20 < peak_rss_mb(os.getpid()) < 5_000
