"""What a suite found, out of the results of TestNG."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pathlib import Path

_OUTCOMES = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


@dataclass
class Class:
    """A conformance class as a suite groups its tests.

    Attributes
    ----------
    title : str
        Its name in the suite.
    counts : Counter
        Of tests passed, failed, skipped; a test counts once for each collection it is asked of.
    reasons : Counter
        Of each test that did not pass: outcome, name, first words of the reason.
    """

    title: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def read(path: Path) -> list[Class]:
    """Read the results of a suite, the failed set-up of tests counted as failures."""
    found = []
    for test in ElementTree.parse(path).getroot().iter("test"):  # noqa: S314 - we ran what wrote it
        one = Class(str(test.get("name")))
        for method in test.iter("test-method"):
            outcome = _OUTCOMES[str(method.get("status"))]
            if method.get("is-config") and outcome != "failed":
                continue
            one.counts[outcome] += 1
            if outcome != "passed":
                one.reasons[outcome, str(method.get("name")), _reason(method)] += 1
        found.append(one)
    return found


def _reason(method: ElementTree.Element) -> str:
    text = " ".join((method.findtext("exception/message") or "").split())
    if "depends on not successfully finished" in text:
        return "what it builds on did not pass"
    return text if len(text) <= 200 else f"{text[:200]}…"
