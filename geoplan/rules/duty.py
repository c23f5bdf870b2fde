"""Who yields and pays where two projects conflict: the later one.

石油天然气管道保护法 第四十四条: works that start later yield to those begun or built before; of two
that start together, the one approved later yields; who yields pays for relocation or protection.
The law is on long-distance pipelines, so it is said of no other conflict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from geoplan.rules.sources import Source

PIPELINE = "gas_pipeline"
DATES = ("construction_start_date", "approval_date")
"""What decides, the first that differs."""


def duties(findings: pd.DataFrame, sources: dict[str, Source]) -> list[str | None]:
    """Return for each finding which side yields and pays: ``subject``, ``object`` or None."""
    told = {key: _features(source) for key, source in sources.items()}
    kinds = {key: source.layer.kind for key, source in sources.items()}
    columns = ["outcome", "subject_layer", "subject_id", "object_layer", "object_id"]
    return [
        _party(told[subject].get(mine), told[other].get(yours))
        if outcome in ("hit", "uncertain")
        and PIPELINE in (kinds.get(subject), kinds.get(other))
        and subject in told
        and other in told
        else None
        for outcome, subject, mine, other, yours in findings[columns].itertuples(index=False)
    ]


def _features(source: Source) -> dict[Any, Feature]:
    """Return what decides of each feature; nothing of a layer without the first date."""
    attributes = source.attributes
    if DATES[0] not in attributes:
        return {}
    nothing = [None] * len(attributes)
    classes = list(attributes.get("pipeline_class", nothing))
    pipe = source.layer.kind == PIPELINE
    dates = [[_date(value) for value in attributes.get(name, nothing)] for name in DATES]
    return {
        key: Feature(pipe and name == "long_distance", when)
        for key, name, when in zip(
            attributes.index.tolist(), classes, zip(*dates, strict=True), strict=True
        )
    }


class Feature(NamedTuple):
    """Whether a feature is a long-distance pipeline, and its `DATES`."""

    is_long_distance: bool
    dates: tuple[pd.Timestamp | None, ...]


def _party(subject: Feature | None, other: Feature | None) -> str | None:
    if subject is None or other is None:
        return None
    if not (subject.is_long_distance or other.is_long_distance):
        return None
    for ours, theirs in zip(subject.dates, other.dates, strict=True):
        if ours is None or theirs is None:
            return None  # a later date decides only where the earlier one is known to be equal
        if ours != theirs:
            return "subject" if ours > theirs else "object"
    return None


def _date(value: Any) -> pd.Timestamp | None:
    when = pd.to_datetime(value, errors="coerce")
    return None if pd.isna(when) else pd.Timestamp(when)
