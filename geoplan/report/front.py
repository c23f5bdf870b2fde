"""Cover, conclusion and basis: what a reviewer reads first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from geoplan.report.blocks import Block, Cover, Grid, Heading, Note, Paragraph, columns
from geoplan.rules import wording
from geoplan.rules.model import Severity

if TYPE_CHECKING:
    from geoplan.report.blocks import Counting, Kind
    from geoplan.report.content import ReportContent
    from geoplan.report.words import Say

ACCURACY = "geometry_accuracy_m"
_COUNTS = ("asked", "hit", "uncertain", "clear", "not_checked")


def facts(content: ReportContent, say: Say) -> dict[str, str]:
    """Return what a cover says, and a template may ask for by name."""
    run, plan = content.check.run, content.plan
    return {
        "code": getattr(run, "code", "–"),
        "date": run.time.date().isoformat(),
        "expires": getattr(run, "expires", "–"),
        "law_of": getattr(run, "law_of", None) or say("law_any"),
        "data_date": plan.data_date.isoformat(),
        "attribution": say.cell(plan.attribution.to(say.lang)),
        "review": plan.review_number or say("internal"),
        "software": run.software,
    }


def cover(content: ReportContent, say: Say) -> list[Block]:
    """Return the first page."""
    told = tuple((say(name), value) for name, value in facts(content, say).items())
    plan = say.cell(content.plan.title.to(say.lang))
    return [Cover(say("title"), plan, told, say("cover_note"))]


def conclusion(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return chapter 1: what follows, by severity, then for each pair of layers."""
    totals, found = content.check.totals, content.check.features
    blocks: list[Block] = [
        Heading(say("chapter.conclusion")),
        Paragraph(_verdict(content, say), strong=True),
    ]
    by = Counter(zip(found["severity"], found["outcome"], strict=True))
    for severity in get_args(Severity):
        told = {name: by[severity, name] for name in ("hit", "uncertain")}
        line = say("severity_line", severity=say.code("severity", severity), **told,
                   unchecked=by[severity, "not_checked"])  # fmt: skip
        blocks.append(Paragraph(line))
    sums = {name: int(totals[f"{name}_count"]) for name in _COUNTS}
    closes = sums["asked"] == sum(sums[name] for name in _COUNTS[1:])
    unchecked = sums.pop("not_checked")
    blocks.append(
        Note(say("closure.pairs", **sums, unchecked=unchecked, closes=say.closes(closes)))
    )
    return [*blocks, *_pairs(content, say, count)]


def _verdict(content: ReportContent, say: Say) -> str:
    totals, found = content.check.totals, content.check.features
    conflicts = int(found["outcome"].isin(["hit", "uncertain"]).sum())
    if totals["prohibited_hit_count"]:
        return say("verdict.not_conform", count=int(totals["prohibited_hit_count"]))
    if conflicts:
        return say("verdict.partly", count=conflicts)
    if totals["not_checked_count"] or (found["outcome"] == "not_checked").any():
        return say("verdict.open", count=int(totals["not_checked_count"]))
    return say("verdict.conform" if totals["asked_count"] else "verdict.nothing")


def _pairs(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return what came of each pair of layers, in a sentence of its own."""
    titles = content.titles(say.lang)
    sums: dict[tuple[str, str], Counter[str]] = {}
    for part in content.check.parts:
        key = (str(part["subject_layer"]), str(part["object_layer"]))
        told = {name: int(part[f"{name}_count"]) for name in _COUNTS}
        sums.setdefault(key, Counter()).update(told)
    order = sorted(sums, key=lambda key: (-sums[key]["hit"], -sums[key]["uncertain"], key))
    rows = [_pair(key, sums[key], titles, say) for key in order]
    if not rows:
        return []
    heads = [say(f"head.{name}") for name in ("subject", "object", "asked")]
    heads += [*(say.code("outcome", name) for name in _COUNTS[1:]), say("head.sentence")]
    number: list[Kind] = ["number"] * 5
    kinds: list[Kind] = ["text", "text", *number, "text"]
    most = content.limits.rows
    grid = Grid(
        count("table", say("pair_table")),
        columns(heads, kinds, [18, 18, 9, 8, 8, 9, 9, 46]),
        tuple(rows[:most]),
    )
    return [grid, *left(len(rows), most, say)]


def _pair(
    key: tuple[str, str], sums: Counter[str], titles: dict[str, str], say: Say
) -> tuple[str, ...]:
    subject, other = (say.listed([titles.get(i, i) for i in one.split(", ")]) for one in key)
    told = [
        say(f"pair.{name}", subject=subject, object=other, hit=sums["hit"],
            uncertain=sums["uncertain"], unchecked=sums["not_checked"])
        for name in ("hit", "uncertain", "not_checked")
        if sums[name]
    ]  # fmt: skip
    if not told:
        told = [
            say("pair.clear", subject=subject, object=other) if sums["asked"] else say("pair.none")
        ]
    gap = "" if say.lang == "zh" else " "
    return (subject, other, *(str(sums[name]) for name in _COUNTS), gap.join(told))


def left(every: int, most: int, say: Say) -> list[Block]:
    """Say what a table leaves out, if it does."""
    if every <= most:
        return []
    return [Note(say("left_rows_plain", shown=most, all=every, left=every - most))]


def basis(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return chapter 2: data, packs, laws."""
    return [Heading(say("chapter.basis")), _data(content, say, count), _packs(content, say, count),
            *_laws(content, say, count)]  # fmt: skip


def _data(content: ReportContent, say: Say, count: Counting) -> Grid:
    rows = []
    for layer in content.check.sources:
        features = content.features.get(layer.id)
        size = "" if features is None else str(len(features))
        rows.append((layer.title.to(say.lang), layer.id, size, layer.source_date.isoformat(),
                     _accuracy(features, say), say.cell(layer.source.to(say.lang))))  # fmt: skip
    names = ("layer", "layer", "features", "source_date", "accuracy", "source")
    heads = [say(f"head.{name}") for name in names]
    heads[1] = "ID"
    kinds: list[Kind] = ["text", "text", "number", "text", "text", "text"]
    return Grid(
        count("table", say("data_table")),
        columns(heads, kinds, [18, 18, 8, 14, 14, 40]),
        tuple(rows),
    )


def _accuracy(features: Any, say: Say) -> str:
    if features is None or ACCURACY not in features or features[ACCURACY].isna().all():
        return say("accuracy.unknown")
    known = features[ACCURACY].dropna()
    low, high, unknown = f"{known.min():g}", f"{known.max():g}", len(features) - len(known)
    key = "accuracy.some" if unknown else "accuracy.range"
    return low if low == high and not unknown else say(key, low=low, high=high, unknown=unknown)


def _packs(content: ReportContent, say: Say, count: Counting) -> Grid:
    rows = tuple((name, sha) for name, sha in getattr(content.check.run, "packs", {}).items())
    heads = [say("head.pack"), say("head.sha256")]
    return Grid(count("table", say("pack_table")), columns(heads, ["text", "text"], [30, 70]), rows)


def _laws(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return each law and article that was asked, with the rules that rest on it."""
    asked = dict.fromkeys([*(str(one["rule_id"]) for one in content.check.parts),
                           *content.check.features["rule_id"]])  # fmt: skip
    grouped: dict[tuple[str, ...], list[str]] = {}
    for rule_id in asked:
        of = content.rules[rule_id].basis
        key = (say("indicator"), "", "", "") if of is None else (
            of.law.to(say.lang), of.article, wording.date_in_words(of.in_force, say.lang),
            say.code("confidence", of.confidence))  # fmt: skip
        grouped.setdefault(key, []).append(rule_id)
    rows = [(*key, ", ".join(sorted(ids))) for key, ids in sorted(grouped.items())]
    heads = [say(f"head.{name}") for name in ("law", "article", "in_force", "confidence", "rules")]
    if not rows:
        return []
    kinds: list[Kind] = ["text"] * 5
    most = content.limits.rows
    grid = Grid(
        count("table", say("law_table")),
        columns(heads, kinds, [34, 20, 18, 12, 22]),
        tuple(rows[:most]),
    )
    return [grid, *left(len(rows), most, say)]
