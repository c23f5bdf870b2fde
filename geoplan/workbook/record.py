"""How a report came about, line by line: what would have to be known to make it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from geoplan.i18n import phrases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.model import Lang, Result


def record(result: Result, lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield what is said of a run, and its value."""
    words, run = phrases(lang), result.run
    plain = {
        "code": getattr(run, "code", None),
        "software": run.software,
        "time": run.time.isoformat(timespec="seconds"),
        "expires": getattr(run, "expires", None),
        "law_of": getattr(run, "law_of", None),
        "planes": ", ".join(run.measuring_planes) or None,
        "inputs": json.dumps(dict(result.inputs), ensure_ascii=False),
    }
    for name, value in plain.items():
        if value:
            yield words[f"run.{name}"], value
    for name in ("packs", "layers"):
        for one, sha256 in getattr(run, name, {}).items():
            yield words[f"run.{name}"], f"{one}  sha256 {sha256}"
    if decisions := getattr(run, "decisions", None):
        yield words["run.decisions"], f"decisions.gpkg  sha256 {decisions}"
    for layer in result.sources:
        source = f"{layer.title.to(lang)}: {layer.source.to(lang)}, {layer.source_date.isoformat()}"
        yield words["run.source"], source
    for name, count in result.totals.items():
        yield words["run.totals"], f"{words.get(f'total.{name}', name)}: {count:,.0f}"
    for rule, why in getattr(run, "rules_not_in_force", {}).items():
        yield words["run.not_in_force"], f"{rule}: {why}"
    unbound = getattr(run, "rules_without_subject", ())
    if unbound:
        yield words["run.without_subject"], ", ".join(unbound)
    for name in ("numbers", "ground", "units"):
        yield words["run.note"], words[f"run.note.{name}"]
