"""Who yields and pays where two projects conflict: the later one.

石油天然气管道保护法 第四十四条: works that start later yield to those begun or built before; of two
that start together, the one approved later yields; who yields pays for relocation or protection.
The law is on long-distance pipelines, so it is said of no other conflict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from geoplan.rules.sources import Source

PIPELINE = "gas_pipeline"
DATES = ("construction_start_date", "approval_date")
"""What decides, the first that differs."""


def duties(findings: pd.DataFrame, sources: dict[str, Source]) -> list[str | None]:
    """Return for each finding which side yields and pays: ``subject``, ``object`` or None."""
    pipes = [key for key, source in sources.items() if source.layer.kind == PIPELINE]
    columns = ["outcome", "subject_layer", "subject_id", "object_layer", "object_id"]
    features: dict[tuple[str, Any], Any] = {}

    def feature(layer: Any, key: Any) -> tuple[str, Any] | None:
        if not isinstance(layer, str) or layer not in sources or pd.isna(key):
            return None
        if (layer, key) not in features:
            features[layer, key] = sources[layer].attributes.loc[key]
        return sources[layer].layer.kind, features[layer, key]

    return [
        _party(feature(subject, mine), feature(other, yours))
        if outcome in ("hit", "uncertain") and (subject in pipes or other in pipes)
        else None
        for outcome, subject, mine, other, yours in findings[columns].itertuples(index=False)
    ]


def _party(subject: tuple[str, Any] | None, other: tuple[str, Any] | None) -> str | None:
    if subject is None or other is None:
        return None
    if not any(
        kind == PIPELINE and feature.get("pipeline_class") == "long_distance"
        for kind, feature in (subject, other)
    ):
        return None
    for name in DATES:
        ours, theirs = (_date(feature.get(name)) for _, feature in (subject, other))
        if ours is None or theirs is None:
            return None  # a later date decides only where the earlier one is known to be equal
        if ours != theirs:
            return "subject" if ours > theirs else "object"
    return None


def _date(value: Any) -> pd.Timestamp | None:
    when = pd.to_datetime(value, errors="coerce")
    return None if pd.isna(when) else pd.Timestamp(when)
