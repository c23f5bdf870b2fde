"""The rules as pages: a list to search, and one rule with its basis. No script."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from geoplan.i18n import phrase
from geoplan.rules.wording import (
    conditions_in_words,
    date_in_words,
    demand_in_words,
    kind_in_words,
)
from geoplan_api.frame import framed, more
from geoplan_api.html import Html, tag
from geoplan_api.links import rule_path
from geoplan_api.words import HTML_LANG, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geoplan.model import Lang, Text
    from geoplan.rules.browse import Placed
    from geoplan.rules.model import Basis, Rule, Where
    from geoplan.rules.pack import RulePack
    from geoplan_api.frame import View
    from geoplan_api.links import Link
    from geoplan_api.rules import RulesQuery

_SIGNS = {"prohibited": "⊘", "approval_required": "△", "notice": "○"}
"""Of a severity, beside its colour."""


def rules_page(
    pack: RulePack,
    found: tuple[Rule, ...],
    names: list[str],
    asked: RulesQuery,
    view: View,
    links: list[Link],
) -> str:
    """Return the rules of a pack that were asked for, under a form to ask for others."""
    lang = view.lang
    listed = tag("ul", *(_listed(rule, pack, lang) for rule in found), class_="rules")
    title = word("link.rules", lang)
    return framed(
        view,
        title,
        tag("h1", title),
        _about(pack, lang),
        _form(pack, names, asked, lang),
        tag("p", word("rules.found", lang, count=len(found)), class_="soft"),
        listed if found else tag("p", word("rules.none", lang), class_="note"),
        *_left(pack, lang),
        more(view, links),
        links=links,
    )


def rule_page(placed: Placed, view: View, links: list[Link]) -> str:
    """Return a rule with all there is to say of it."""
    lang = view.lang
    rule, pack = placed.rule, placed.pack
    rows = [*_demanded(rule, lang), *_cited(rule.basis, lang), *_written(placed, lang)]
    back = "/rules?" + urlencode({"pack": pack.id})
    other = rule.title.en if lang == "zh" else rule.title.zh
    return framed(
        view,
        f"{rule.id} {rule.title.to(lang)}",
        tag("p", _severity(rule, lang), " ", tag("code", rule.id)),
        tag("h1", rule.title.to(lang)),
        tag("p", other, class_="soft", lang=HTML_LANG["en" if lang == "zh" else "zh"]),
        _example(pack, placed.rule, lang),
        *_meaning(rule.meaning, lang),
        tag("table", tag("caption", rule.id, class_="unseen"), tag("tbody", *rows), class_="facts"),
        more(view, links),
        trail=[(word("link.rules", lang), back)],
        links=links,
    )


def _about(pack: RulePack, lang: Lang) -> Html:
    parts = [pack.title.to(lang), pack.jurisdiction.to(lang)]
    parts += [word("rules.version", lang, version=pack.version)]
    return tag("p", " · ".join(parts))


def _example(pack: RulePack, rule: Rule, lang: Lang) -> Html | None:
    mine = pack.example and pack.origins[rule.id][0] == pack.id
    return tag("p", word("rules.example", lang), class_="note") if mine else None


def _form(pack: RulePack, names: list[str], asked: RulesQuery, lang: Lang) -> Html:
    query, every = asked.query, (*pack.rules.values(),)
    subjects = {rule.subject: kind_in_words(rule.subject, lang) for rule in every}
    objects = {rule.object: kind_in_words(rule.object, lang) for rule in every}
    severities = {name: phrase(f"severity.{name}", lang) for name in _SIGNS}
    demands: dict[str, str] = {
        rule.demand.kind: word(f"demand.{rule.demand.kind}", lang) for rule in every
    }
    day = "" if asked.on is None else asked.on.isoformat()
    return tag(
        "form",
        _field("q", tag("input", type="search", name="q", value=query.words or ""), lang),
        _select("pack", {name: name for name in names}, pack.id, lang, whole=False),
        _select("subject", subjects, query.subject, lang),
        _select("object", objects, query.object, lang),
        _select("severity", severities, query.severity, lang),
        _select("demand", demands, query.demand, lang),
        _field("on", tag("input", type="date", name="on", value=day), lang),
        tag("button", word("rules.search", lang), type="submit"),
        action="/rules",
        method="get",
        role="search",
    )


def _field(name: str, control: Html, lang: Lang) -> Html:
    return tag("label", word(f"rules.{name}", lang), control)


def _select(
    name: str, options: dict[str, str], chosen: str | None, lang: Lang, *, whole: bool = True
) -> Html:
    if chosen is not None and chosen not in options:  # of another pack: it stays chosen, and said
        options = {**options, chosen: chosen}
    entries = {"": word("rules.any", lang), **options} if whole else options
    listed = [
        tag("option", text, value=value, **({"selected": ""} if value == (chosen or "") else {}))
        for value, text in entries.items()
    ]
    return _field(name, tag("select", *listed, name=name), lang)


def _listed(rule: Rule, pack: RulePack, lang: Lang) -> Html:
    ways = f"{kind_in_words(rule.subject, lang)} → {kind_in_words(rule.object, lang)}"
    path = rule_path(rule.id, pack.id)
    return tag(
        "li",
        tag("div", tag("p", tag("code", rule.id)), tag("p", _severity(rule, lang)), class_="side"),
        tag(
            "div",
            tag("p", tag("a", rule.title.to(lang), href=path), class_="title"),
            tag("p", f"{ways}{word('rules.colon', lang)}{demand_in_words(rule.demand, lang)}"),
            tag("p", _law(rule, lang), class_="soft"),
        ),
    )


def _severity(rule: Rule, lang: Lang) -> Html:
    text = f"{_SIGNS[rule.severity]} {phrase(f'severity.{rule.severity}', lang)}"
    return tag("span", text, class_=f"severity {rule.severity}")


def _law(rule: Rule, lang: Lang) -> str:
    if rule.basis is None:
        return phrase("rule.reading-none", lang)
    basis = rule.basis
    return " · ".join(
        [f"{basis.law.to(lang)} {basis.article}", phrase(f"confidence.{basis.confidence}", lang)]
    )


def _left(pack: RulePack, lang: Lang) -> Iterable[Html]:
    if pack.left:
        yield tag("h2", word("rules.not-in-force", lang, on=pack.on))
        yield _by_rule(pack.left.items())
    if pack.withdrawn:
        yield tag("h2", word("rules.withdrawn", lang))
        yield _by_rule(pack.withdrawn.items())


def _by_rule(rows: Iterable[tuple[str, str]]) -> Html:
    return tag("ul", *(tag("li", tag("code", rule_id), f" {why}") for rule_id, why in rows))


def _meaning(meaning: Text, lang: Lang) -> list[Html]:
    yours, other = (meaning.zh, meaning.en) if lang == "zh" else (meaning.en, meaning.zh)
    return [
        tag("p", yours),
        tag("p", other, class_="soft", lang=HTML_LANG["en" if lang == "zh" else "zh"]),
    ]


def _row(name: str, lang: Lang, *content: str | None) -> Html:
    return tag("tr", tag("th", word(f"rule.{name}", lang), scope="row"), tag("td", *content))


def _demanded(rule: Rule, lang: Lang) -> list[Html]:
    rows = [
        _row("subject", lang, *_kind(rule.subject, rule.where, "subject", lang)),
        _row("object", lang, *_kind(rule.object, rule.where, "object", lang)),
        _row("demand", lang, demand_in_words(rule.demand, lang)),
    ]
    for name, text in (("activity", rule.activity), ("duty", rule.duty)):
        if text is not None:
            rows.append(_row(name, lang, text.to(lang)))
    return rows


def _kind(kind: str, where: Where, side: str, lang: Lang) -> list[Html]:
    conditions = conditions_in_words(getattr(where, side), kind, lang)
    return [tag("p", kind_in_words(kind, lang)), *(tag("p", one) for one in conditions)]


def _cited(basis: Basis | None, lang: Lang) -> list[Html]:
    if basis is None:
        return [_row("reading", lang, phrase("rule.reading-none", lang))]
    url = basis.source_url
    source = tag("a", unquote(url), href=url, rel="noreferrer noopener") if url else None
    version = None if basis.version is None else str(basis.version)
    return [
        _row("law", lang, basis.law.to(lang)),
        _row("article", lang, basis.article),
        _row("reading", lang, phrase(f"rule.reading-{basis.confidence}", lang)),
        _row("version", lang, version or phrase("rule.date-unknown", lang)),
        _row("in-force", lang, date_in_words(basis.in_force, lang)),
        _row("repealed", lang, date_in_words(basis.repealed, lang)),
        _row("source", lang, source or word("rule.no-source", lang)),
        *([_row("note", lang, basis.note.to(lang))] if basis.note is not None else []),
    ]


def _written(placed: Placed, lang: Lang) -> list[Html]:
    """Return where the rule is written, whose place it takes, and who has another of its id."""
    rule_id, own = placed.rule.id, placed.pack.origins[placed.rule.id]
    rows = [_row("pack", lang, *_packs(own[:1], None))]
    if own[1:]:
        rows.append(_row("overrides", lang, *_packs(own[1:], rule_id)))
    others = [name for name in placed.elsewhere if name not in own]
    if others:
        rows.append(_row("other-packs", lang, *_packs(others, rule_id)))
    if placed.unreadable:
        rows.append(_row("unreadable", lang, ", ".join(placed.unreadable)))
    return rows


def _packs(names: Iterable[str], rule_id: str | None) -> list[Html]:
    return [
        tag(
            "p",
            tag(
                "a",
                name,
                href=f"/rules?pack={name}" if rule_id is None else rule_path(rule_id, name),
            ),
        )
        for name in names
    ]
