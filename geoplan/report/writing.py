"""The list of sections: what stands in a report, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.progress import QUIET, Progress
from geoplan.report import findings, front, tabling
from geoplan.report.blocks import Chapter, Counting, Manuscript, Part, printable
from geoplan.report.words import Say

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan.report.blocks import Block
    from geoplan.report.content import ReportContent


def manuscript(
    content: ReportContent, languages: tuple[Lang, ...] = ("zh",), progress: Progress = QUIET
) -> Manuscript:
    """Write a report, in one language or in several one after the other.

    Parameters
    ----------
    content : ReportContent
    languages : tuple of {"zh", "en"}
    progress : Progress
        Told of the maps that are drawn.

    Returns
    -------
    Manuscript
        Ready to be set as DOCX or PDF.
    """
    stretches = progress.split(*([1.0] * len(languages)))
    parts = tuple(_part(content, lang, at) for lang, at in zip(languages, stretches, strict=True))
    say = Say(languages[0])
    facts = front.facts(content, say) | {
        "plan": content.plan.title.to(say.lang),
        "title": say("title"),
    }
    facts = {name: say.cell(value) for name, value in facts.items()}
    return Manuscript(say("title"), facts["plan"], parts, facts)


def _part(content: ReportContent, lang: Lang, progress: Progress) -> Part:
    say = Say(lang)
    count = Counting(say.words)
    chapters: list[tuple[Chapter, list[Block]]] = [
        ("cover", front.cover(content, say)),
        ("conclusion", front.conclusion(content, say, count)),
        ("basis", front.basis(content, say, count)),
        ("tables", tabling.tables(content, say, count)),
        ("findings", findings.findings(content, say, count, progress)),
        ("unchecked", tabling.unchecked(content, say, count)),
        ("run", tabling.run(content, say, count)),
        ("annex", findings.annex(content, say, count)),
    ]
    return Part(lang, tuple((name, tuple(map(printable, blocks))) for name, blocks in chapters))
