"""Serve a copy of the town, run the suites against it, and print what they found as Markdown."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import httpx

from conformance.results import Class, read
from conformance.suites import SUITES, NotToBeHad, Suite

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
LONGEST_S = 1800
NOWHERE = (("industrial-parks", "IP-4"),)
"""Features of the town without geometry: the suite of Features fails itself on null (it calls a
method of it), so the copy that it is asked of has none."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a copy of the town, edits on, and return its address."""
    plan = folder / "town"
    shutil.copytree(ROOT / "examples" / "town", plan)
    program, log = Path(sys.executable).with_name("geoplan"), folder / "serve.log"
    env = {**os.environ, "GEOPLAN_ECHO": "1"}  # a process that only the suite of Processes needs
    command = [str(program), "serve", "--plan", str(plan), "--port", "0", "--edit"]
    with (
        log.open("w", encoding="utf-8") as told,
        subprocess.Popen(command, stdout=told, stderr=told, env=env) as process,
    ):
        try:
            address = _address(process, log)
            for layer, feature in NOWHERE:
                httpx.delete(f"{address}/collections/{layer}/items/{feature}").raise_for_status()
            yield address
        finally:
            process.terminate()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the service listens, once it says so."""
    while process.poll() is None:
        said = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if said:
            return said[0]
        time.sleep(0.1)
    raise NotToBeHad(f"the service did not start: {log.read_text(encoding='utf-8')}")


def run(suite: Suite, base: str, folder: Path) -> list[Class]:
    """Run a suite against an address.

    Raises
    ------
    NotToBeHad
        It cannot be resolved, or wrote no results.
    """
    class_path = suite.class_path(folder)
    told = "".join(
        f'<entry key="{name}">{escape(value)}</entry>'
        for name, value in suite.arguments(base).items()
    )
    arguments = folder / f"{suite.name}.xml"
    # without its DOCTYPE, which Java would fetch from its address
    arguments.write_text(f'<properties version="1.0">{told}</properties>', encoding="utf-8")
    out = folder / suite.name
    out.mkdir()
    command = ["java", "-cp", class_path, suite.controller, "-o", str(out), str(arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    results = list(out.rglob("testng-results.xml"))
    if not results:
        raise NotToBeHad(f"it wrote no results: {answer.stderr[-500:]}")
    return read(results[0])


def told(suite: Suite, classes: list[Class]) -> Iterator[str]:
    """Yield the lines of a suite's part of docs/conformance.md."""
    yield f"### {suite.title} (`{suite.name}` {suite.version})\n"
    yield "| class | passed | failed | skipped |\n|---|---|---|---|"
    for one in classes:
        counts = " | ".join(str(one.counts[name]) for name in ("passed", "failed", "skipped"))
        yield f"| {one.title} | {counts} |"
    yield ""
    for one in classes:
        for (outcome, name, reason), count in one.reasons.items():
            yield f"- {outcome}: `{name}` ({count}): {reason or 'no reason given'}"
    yield ""


def main() -> int:
    """Run the suites that are named, all of them without any."""
    options = argparse.ArgumentParser(description=__doc__, prog="make cite")
    options.add_argument("suites", nargs="*", help="parts of their names, such as tiles10")
    wanted = options.parse_args().suites
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder) as base:
            for suite in SUITES:
                if wanted and not any(part in suite.name for part in wanted):
                    continue
                try:
                    classes = run(suite, base, folder)
                except NotToBeHad as error:
                    print(f"### {suite.title} (`{suite.name}` {suite.version})\n\nnot run: {error}")
                    failed += 1
                    continue
                print("\n".join(told(suite, classes)))
                failed += sum(one.counts["failed"] for one in classes)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
