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

DATES = ("construction_start_date", "approval_date")
"""What decides, the first that differs."""


def duties(findings: pd.DataFrame, sources: dict[str, Source]) -> list[str | None]:
    """Return for each finding which side yields and pays: ``subject``, ``object`` or None."""
    columns = ["outcome", "subject_layer", "subject_id", "object_layer", "object_id"]
    return [
        _party(
            _feature(sources, row.subject_layer, row.subject_id),
            _feature(sources, row.object_layer, row.object_id),
        )
        if row.outcome in ("hit", "uncertain")
        else None
        for row in findings[columns].itertuples(index=False)
    ]


def _feature(sources: dict[str, Source], layer: Any, feature: Any) -> tuple[str, Any] | None:
    if not isinstance(layer, str) or layer not in sources or pd.isna(feature):
        return None
    return sources[layer].layer.kind, sources[layer].attributes.loc[feature]


def _party(subject: tuple[str, Any] | None, other: tuple[str, Any] | None) -> str | None:
    if subject is None or other is None:
        return None
    if not any(
        kind == "gas_pipeline" and feature.get("pipeline_class") == "long_distance"
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
