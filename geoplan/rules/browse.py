"""Looking things up in packs of rules: by kind, severity, demand or words, and in which pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoplan.errors import PackInvalid, RuleNotFound
from geoplan.rules.pack import NATIONAL, load_pack, pack_names

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.rules.model import Rule
    from geoplan.rules.pack import RulePack


@dataclass(frozen=True)
class RuleQuery:
    """Which rules of a pack are asked for; what is None selects nothing.

    Attributes
    ----------
    subject, object : str, optional
        Kinds of layers.
    severity, demand : str, optional
        As the rule has them; a demand by its kind.
    words : str, optional
        Every word has to stand somewhere in the rule, in either language, in any case.
    """

    subject: str | None = None
    object: str | None = None
    severity: str | None = None
    demand: str | None = None
    words: str | None = None

    def takes(self, rule: Rule) -> bool:
        """Return whether a rule is asked for."""
        asked = (
            (self.subject, rule.subject),
            (self.object, rule.object),
            (self.severity, rule.severity),
            (self.demand, rule.demand.kind),
        )
        return all(wanted in (None, has) for wanted, has in asked) and holds(rule, self.words or "")


def browse(pack: RulePack, query: RuleQuery) -> tuple[Rule, ...]:
    """Return the rules of a pack that are asked for, in its order."""
    return tuple(rule for rule in pack.rules.values() if query.takes(rule))


def holds(rule: Rule, words: str) -> bool:
    """Return whether every word stands in a rule: in its texts, its law, its kinds or its id.

    Examples
    --------
    >>> from geoplan.rules import load_pack
    >>> holds(load_pack().rules["HWY-01"], "高速 expressway hwy-01")
    True
    >>> holds(load_pack().rules["HWY-01"], "expressway pipeline")
    False
    """
    text = _text(rule)
    return all(word in text for word in words.casefold().split())


def _text(rule: Rule) -> str:
    basis = rule.basis
    both = [rule.title, rule.meaning, rule.activity, rule.duty]
    own = [rule.id, rule.subject, rule.object, rule.demand.kind, *rule.source_rows]
    if basis is not None:
        both += [basis.law, basis.note]
        own += [basis.article]
    own += [said for text in both if text is not None for said in (text.zh, text.en)]
    return "\n".join(own).casefold()


@dataclass(frozen=True)
class Placed:
    """A rule and the packs in which it stands.

    Attributes
    ----------
    rule : Rule
    pack : RulePack
        The pack that was asked; the rule may come from one that it extends.
    elsewhere : tuple of str
        Other packs that write a rule of this id themselves.
    unreadable : tuple of str
        Packs of the plan that could not be read, so that nothing is known of them.
    """

    rule: Rule
    pack: RulePack
    elsewhere: tuple[str, ...]
    unreadable: tuple[str, ...]


def find_rule(rule_id: str, *, pack: str | None = None, folder: Path | None = None) -> Placed:
    """Return one rule, of any day.

    Parameters
    ----------
    rule_id : str
    pack : str, optional
        Where to look; without it the national base first, then every other pack.
    folder : Path, optional
        Packs of a plan's own.

    Raises
    ------
    PackNotFound, PackInvalid
        The pack that is named is not there, or wrong.
    RuleNotFound
        No such rule in the pack, or in any.
    """
    packs = {} if pack is None else {pack: load_pack(pack, folder=folder)}
    unreadable = []
    names = pack_names(folder)
    for name in sorted(names, key=lambda one: one != NATIONAL):
        try:
            packs.setdefault(name, load_pack(name, folder=folder))
        except PackInvalid:
            unreadable.append(name)
    looked = [packs[pack]] if pack is not None else list(packs.values())
    found = next((one for one in looked if rule_id in one.rules), None)
    if found is None:
        where = "any pack" if pack is None else f"pack {pack}"
        gone = looked[0].withdrawn.get(rule_id)
        why = f": pack {gone} withdraws it" if gone and pack is not None else ""
        raise RuleNotFound(f"there is no rule {rule_id!r} in {where}{why}")
    mine = found.origins[rule_id][0]
    writing = [name for name, one in packs.items() if one.origins.get(rule_id, ("",))[0] == name]
    elsewhere = tuple(name for name in writing if name != mine)
    return Placed(found.rules[rule_id], found, elsewhere, tuple(unreadable))
