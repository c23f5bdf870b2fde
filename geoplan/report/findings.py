"""Chapter 4 and the annex: the gravest findings one by one with their maps, the rest in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan.report.blocks import Block, Figure, Grid, Heading, Note, Paragraph, columns
from geoplan.report.front import left
from geoplan.rules import wording

if TYPE_CHECKING:
    from geoplan.progress import Progress
    from geoplan.report.blocks import Counting
    from geoplan.report.content import ReportContent
    from geoplan.report.words import Say

SMALL_MM, LARGE_MM = (160.0, 58.0), (160.0, 200.0)
"""Maps of a finding, of which a page has two, and of the annex [mm]."""
_GRAVE = ("prohibited", "approval_required")


def findings(content: ReportContent, say: Say, count: Counting, progress: Progress) -> list[Block]:
    """Return chapter 4."""
    table = content.table("A")
    rows = [] if table is None else table.rows.to_dict("records")
    grave = [row for row in rows if row["number"][0] == "C" and row["severity"] in _GRAVE]
    blocks: list[Block] = [Heading(say("chapter.findings"))]
    if not grave:
        return [*blocks, Paragraph(say("findings.none"))]
    most = content.limits.maps
    told = {"count": len(grave), "detailed": len(grave[:most]), "rest": len(grave[most:])}
    blocks.append(Paragraph(say("findings.intro", **told)))
    shapes = content.check.features.set_index("finding_id").geometry
    for at, row in enumerate(progress.each(grave[:most], "drawing", len(grave[:most])), start=1):
        placed = shapes.get(row["finding_ids"].split(";")[0]) is not None
        blocks += _finding(at, row, placed, content, say, count)
    return [*blocks, *_rest(grave[most:], content, say, count)]


def _finding(
    at: int, row: Any, placed: bool, content: ReportContent, say: Say, count: Counting
) -> list[Block]:
    rule = content.rules[row["rule_ids"].split(";")[0]]
    names = {"number": row["number"], "project": _of(row, "project", say),
             "object": _of(row, "name", say) or say("finding.all")}  # fmt: skip
    bare = row["outcome"] == "hit" and not isinstance(row["relation"], str)
    said = say(
        "finding.hit_bare" if bare else f"finding.{row['outcome']}",
        **names,
        relation=say.code("value", row["relation"]),
        severity=say.code("severity", row["severity"]),
        rule=rule.title.to(say.lang),
    )
    facts = tuple((say(f"fact.{name}"), text) for name, text in _facts(row, rule, say) if text)
    grid = Grid("", columns(["", ""], ["text", "text"], [22, 78]), facts, facts=True)
    blocks: list[Block] = [Heading(f"4.{at} {say('finding.head', **names)}", 2), Paragraph(said)]
    drawn = None
    if placed and content.draw is not None:
        drawn = content.draw(row["number"], say.lang, SMALL_MM)
    if drawn is None:
        return [*blocks, *([] if placed else [Note(say("finding.no_shape"))]), grid]
    caption = count("figure", say("finding.shape", **names))
    figure = Figure(
        caption, drawn.svg, drawn.width_mm, drawn.height_mm, say("finding.told", **names), drawn.png
    )
    return [*blocks, figure, grid]


def _facts(row: Any, rule: Any, say: Say) -> list[tuple[str, str]]:
    length, area = row["length_m"], row["area_hm2"]
    sizes = [
        "" if length != length else f"{length:.1f} m",
        "" if area != area else f"{area:.4f} hm²",
    ]
    decisions = [one for one in (row["decisions"] or "").split(";") if one]
    force = "" if rule.basis is None else wording.date_in_words(rule.basis.in_force, say.lang)
    return [
        ("rule", f"{rule.id} {rule.title.to(say.lang)}"),
        ("meaning", rule.meaning.to(say.lang)),
        ("conclusion", _of(row, "conclusion", say)),
        ("measurement", _of(row, "measurement", say)),
        ("chainage", say.cell(row["chainage"])),
        ("size", say.listed([one for one in sizes if one])),
        ("basis", _of(row, "basis", say)),
        ("in_force", force),
        ("procedure", _of(row, "procedure", say)),
        ("decision", say.listed([say.code("value", one) for one in decisions])),
    ]


def _of(row: Any, name: str, say: Say) -> str:
    return say.cell(row[name if say.lang == "zh" else f"{name}_en"])


def _rest(rows: list[Any], content: ReportContent, say: Say, count: Counting) -> list[Block]:
    if not rows:
        return []
    names = ("number", "project", "name", "measurement", "basis", "conclusion")
    heads = [say.code("head", name) for name in names]
    most = content.limits.rows
    cells = tuple(
        (row["number"], *(_of(row, name, say) for name in names[1:])) for row in rows[:most]
    )
    made = columns(heads, ["text"] * 6, [8, 18, 18, 26, 30, 16])
    grid = Grid(count("table", say("findings.rest")), made, cells)
    return [grid, *left(len(rows), most, say)]


def annex(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return the maps that stand behind the report."""
    blocks: list[Block] = [Heading(say("chapter.annex"))]
    drawn = None if content.draw is None else content.draw(None, say.lang, LARGE_MM)
    if drawn is None:
        return [*blocks, Paragraph(say("annex.none"))]
    caption = count("figure", say("annex.overview"))
    return [
        *blocks,
        Figure(caption, drawn.svg, drawn.width_mm, drawn.height_mm, say("annex.told"), drawn.png),
    ]
