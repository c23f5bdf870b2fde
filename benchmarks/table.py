"""One table of all runs: medians, ratios to geoplan, and whether the figures agree."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any

TOLERANCE = 1e-9
HEAD = ("who", "CPU s", "wall s", "peak MB", "CPU ratio", "wall ratio", "figures")

Runs = dict[str, list[dict[str, Any]]]
"""What each contestant's runs printed, round by round."""


def rows(runs: Runs, tolerances: dict[str, float] | None = None) -> list[tuple[str, ...]]:
    """Return the rows of one workload, as texts under `HEAD`.

    Parameters
    ----------
    runs : dict
        What each contestant's runs printed.
    tolerances : dict, optional
        Relative, for contestants whose sums are known to be less exact than `TOLERANCE`.
    """
    reference = figures_of_reference(runs)
    answer = []
    for who, taken in runs.items():
        tolerance = (tolerances or {}).get(who, TOLERANCE)
        answer.append(_row(who, taken, runs.get("geoplan", []), reference, tolerance))
    return answer


def _row(
    who: str,
    taken: list[dict[str, Any]],
    ours: list[dict[str, Any]],
    reference: dict[str, float],
    tolerance: float,
) -> tuple[str, ...]:
    done = [run for run in taken if "wall_s" in run]
    if not done:
        return (who, *["–"] * 5, taken[0].get("absent", "no run"))
    cpu, wall = _median(done, "cpu_s", ".2f"), _median(done, "wall_s", ".2f")
    ratios = [ratio(taken, ours, key) for key in ("cpu_s", "wall_s")]
    remark = agreement([run["figures"] for run in done], reference, tolerance)
    return (who, cpu, wall, _median(done, "peak_mb", ".0f"), *ratios, remark + latency(done))


def _median(done: list[dict[str, Any]], key: str, form: str) -> str:
    values = [run[key] for run in done if key in run]
    return format(median(values), form) if values else "–"


def ratio(theirs: list[dict[str, Any]], ours: list[dict[str, Any]], key: str) -> str:
    """Return the median over the rounds of their time ÷ ours."""
    pairs = [
        their[key] / our[key]
        for their, our in zip(theirs, ours, strict=False)
        if key in their and key in our
    ]
    return f"{median(pairs):.2f}" if pairs else "–"


def figures_of_reference(runs: Runs) -> dict[str, float]:
    """Return the figures that the others are held against: geoplan's, else the first there are."""
    ordered = [*runs.get("geoplan", []), *(run for taken in runs.values() for run in taken)]
    return next((run["figures"] for run in ordered if run.get("figures")), {})


def differences(found: dict[str, float], reference: dict[str, float]) -> dict[str, float]:
    """Return the relative difference of each figure that both have."""
    return {
        name: _relative(value, reference[name])
        for name, value in found.items()
        if name in reference
    }


def _relative(found: float, expected: float) -> float:
    return abs(found - expected) / max(abs(expected), 1e-300)


def agreement(
    figures: list[dict[str, float]], reference: dict[str, float], tolerance: float
) -> str:
    """Say whether all runs gave the reference's figures: counts exactly, sums to `tolerance`."""
    compared = [differences(found, reference) for found in figures]
    if not all(compared):
        return "not compared"
    for name in compared[0]:
        difference = max(round_by[name] for round_by in compared)
        if difference > (0.0 if isinstance(reference[name], int) else tolerance):
            return f"DIFFERS: {name} by {difference:.1e}"
    return "agree" if tolerance == TOLERANCE else f"agree to {tolerance:.0e}"


def latency(done: list[dict[str, Any]]) -> str:
    """Return p50 and p99 of the single questions over all rounds, where there are many."""
    times = [one for run in done for one in run["latencies_ms"]]
    if len(times) < 2:
        return ""
    cuts = quantiles(times, n=100, method="inclusive")
    return f"; p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


def text(parts: list[tuple[str, list[tuple[str, ...]]]]) -> str:
    """Lay out titles and rows as one table in Markdown."""
    lines = [f"| workload | {' | '.join(HEAD)} |", f"|---|---|{'---:|' * 5}---|"]
    for title, content in parts:
        for number, row in enumerate(content):
            lines.append(f"| {title if number == 0 else ''} | {' | '.join(row)} |")
    return "\n".join(lines)
