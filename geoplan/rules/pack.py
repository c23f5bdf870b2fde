"""Packs of rules: read from TOML, one on top of another, as of a day.

A national base is extended by packs of a province or a city: each may add rules, replace one by
giving its id again, and withdraw one by name.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoplan.errors import PackInvalid, PackNotFound
from geoplan.model import Text
from geoplan.rules.model import BufferBeyond, Rule, Setback, When
from geoplan.rules.spelling import unknown_words
from geoplan.schema import schemas, schemas_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

    from pydantic_core import ErrorDetails

NATIONAL = "cn-national"
"""The base that every profile extends."""


class _PackFile(BaseModel):
    """One TOML of a pack as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: Text
    version: str = Field(min_length=1)
    jurisdiction: Text
    extends: str | None = None
    example: bool = False
    note: Text | None = None
    parts: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()
    rule: Annotated[tuple[Rule, ...], Field(default=())]

    @model_validator(mode="after")
    def _each_rule_once(self) -> _PackFile:
        ids = [rule.id for rule in self.rule]
        twice = next((one for one in ids if ids.count(one) > 1), None)
        if twice is not None:
            raise ValueError(f"rule {twice} stands twice")
        return self


@dataclass(frozen=True)
class RulePack:
    """The rules that are to be checked, of one pack and of those it extends.

    Attributes
    ----------
    id, title, version, jurisdiction
        What it says of itself.
    example : bool
        It shows how a pack is written; its figures are nobody's law.
    on : date, optional
        The day for which it was picked; None takes every rule.
    rules : mapping of str to Rule
        By id, in the order of the files, the base first.
    left : mapping of str to str
        Rules that were not in force on the day → why.
    sha256 : str
        Of all files that it was read from, in order.
    origins : mapping of str to tuple of str
        Rule id → the packs that write it, the one that counts first.
    withdrawn : mapping of str to str
        Rule id → the pack that withdraws it.
    """

    id: str
    title: Text
    version: str
    jurisdiction: Text
    example: bool
    on: date | None
    rules: Mapping[str, Rule]
    left: Mapping[str, str]
    sha256: str
    origins: Mapping[str, tuple[str, ...]]
    withdrawn: Mapping[str, str]

    def unknown(self, rule: Rule) -> tuple[str, ...]:
        """Return which dates of a rule are not known: ``in_force``, ``repealed``."""
        if rule.basis is None:
            return ()
        return tuple(
            name for name in ("in_force", "repealed") if getattr(rule.basis, name).on is None
        )


def load_pack(
    name: str = NATIONAL, *, on: date | None = None, folder: Path | None = None
) -> RulePack:
    """Read a pack and those it extends, and pick what was in force.

    Parameters
    ----------
    name : str
        Id of a pack that geoplan brings, or of a TOML in `folder`.
    on : date, optional
        The day. A rule whose dates are not known is never dropped; of a bare year, the rule
        counts as in force from its first day and until its last.
    folder : Path, optional
        Packs of a plan's own, looked in first. Kinds that the plan brings stand beside it, in
        ``schema``.

    Raises
    ------
    PackNotFound
        There is no such pack.
    PackInvalid
        A file is no TOML, a rule breaks the model, names a kind, a field or a value that no
        layer has, extends in a circle, withdraws or builds on a rule that is not there.
    """
    chain = _chain(name, folder)
    digest = hashlib.sha256(
        "".join(text for _, texts in reversed(chain) for text in texts).encode()
    )
    rules, origins, withdrawn = _stacked([pack for pack, _ in reversed(chain)])
    _refuse_unknown_words(name, rules, folder)
    _refuse_loose_ends(name, rules)
    left = {} if on is None else _not_in_force(rules.values(), on)
    head = chain[0][0]
    return RulePack(
        id=head.id,
        title=head.title,
        version=head.version,
        jurisdiction=head.jurisdiction,
        example=head.example,
        on=on,
        rules={key: rule for key, rule in rules.items() if key not in left},
        left=left,
        sha256=digest.hexdigest(),
        origins=origins,
        withdrawn=withdrawn,
    )


def _stacked(
    packs: Iterable[_PackFile],
) -> tuple[dict[str, Rule], dict[str, tuple[str, ...]], dict[str, str]]:
    """Put packs on top of each other, the base first: rules, who writes each, who withdraws."""
    rules: dict[str, Rule] = {}
    origins: dict[str, tuple[str, ...]] = {}
    withdrawn: dict[str, str] = {}
    for pack in packs:
        for gone in pack.withdraws:
            if rules.pop(gone, None) is None:
                raise PackInvalid(f"pack {pack.id}: it withdraws {gone}, which is not there")
            withdrawn[gone] = pack.id
            del origins[gone]
        for rule in pack.rule:
            rules[rule.id] = rule
            origins[rule.id] = (pack.id, *origins.get(rule.id, ()))
            withdrawn.pop(rule.id, None)
    return rules, origins, withdrawn


def pack_names(folder: Path | None = None) -> list[str]:
    """Return the ids of all packs: geoplan's own, and those of a plan."""
    found = [file.name for file in files(__package__).joinpath("packs").iterdir()]
    if folder is not None and folder.is_dir():
        found += [file.name for file in folder.iterdir()]
    # a part of a pack is named ``PACK.PART.toml``
    return sorted({one[:-5] for one in found if one.endswith(".toml") and one.count(".") == 1})


def _chain(name: str, folder: Path | None) -> list[tuple[_PackFile, list[str]]]:
    """Return a pack and those it extends, the base last, with the texts of their files."""
    chain: list[tuple[_PackFile, list[str]]] = []
    wanted: str | None = name
    while wanted is not None:
        if wanted in [pack.id for pack, _ in chain]:
            raise PackInvalid(f"pack {wanted} extends itself: {' → '.join(p.id for p, _ in chain)}")
        pack, texts = _read(wanted, folder)
        chain.append((pack, texts))
        wanted = pack.extends
    return chain


def _read(name: str, folder: Path | None) -> tuple[_PackFile, list[str]]:
    """Return a pack with the rules of all its parts."""
    # a name with a dot in it is that of a part
    text = None if "." in name else _text(f"{name}.toml", folder)
    if text is None:
        known = ", ".join(pack_names(folder))
        where = "" if folder is None else f" (looked for in {folder})"
        raise PackNotFound(f"there is no rule pack {name!r}{where}; there are: {known}")
    texts = [text]
    for part in _toml(text, f"{name}.toml").get("parts", ()):
        part_text = _text(f"{name}.{part}.toml", folder)
        if part_text is None:
            raise PackInvalid(f"pack {name}: its part {name}.{part}.toml is missing")
        texts.append(part_text)
    return _pack_of(name, tuple(texts)), texts


@lru_cache(maxsize=32)
def _pack_of(name: str, texts: tuple[str, ...]) -> _PackFile:
    """Return the pack that texts hold; the same texts are not read twice."""
    entries = dict(_toml(texts[0], f"{name}.toml"))
    rules = list(entries.pop("rule", []))
    for part, text in zip(entries.get("parts", ()), texts[1:], strict=True):
        rules += _toml(text, f"{name}.{part}.toml").get("rule", [])
    try:
        pack = _PackFile.model_validate({**entries, "rule": rules})
    except ValidationError as error:
        raise PackInvalid(_in_words(name, rules, error)) from None
    if pack.id != name:
        raise PackInvalid(f"{name}.toml calls itself {pack.id!r}: file and id must agree")
    return pack


def _text(file: str, folder: Path | None) -> str | None:
    own = files(__package__).joinpath("packs")
    places: list[Traversable] = [own] if folder is None else [folder, own]
    if "/" in file or "\\" in file or file.startswith("."):
        return None
    for place in places:
        if place.joinpath(file).is_file():
            return place.joinpath(file).read_text(encoding="utf-8")
    return None


@lru_cache(maxsize=64)
def _toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackInvalid(f"{file} is no TOML: {error}") from error


def _in_words(name: str, rules: list[dict[str, Any]], error: ValidationError) -> str:
    """Return what is wrong in a pack; of many mistakes the first three."""
    told = [_mistake(rules, one) for one in error.errors()[:3]]
    return f"pack {name}: {'; '.join(told)}"


def _mistake(rules: list[dict[str, Any]], mistake: ErrorDetails) -> str:
    at = [str(step) for step in mistake["loc"]]
    last = at[-1] if at else ""
    if len(at) > 1 and at[0] == "rule" and at[1].isdigit():
        at[:2] = [str(rules[int(at[1])].get("id", f"rule number {int(at[1]) + 1}"))]
    said = mistake["msg"].removeprefix("Value error, ")
    match mistake["type"]:
        case "missing":
            said = "is missing"
        case "extra_forbidden" if last in _PackFile.model_fields and len(at) > 1:
            said = "belongs to the pack, not to a rule: put it above the first [[rule]]"
        case "extra_forbidden":
            said = "there is no such entry"
        case "string_pattern_mismatch":
            example = _WRITTEN.get(last)
            said = f"{mistake['input']!r} is not written as it must be" + (
                f", such as {example}" if example else ""
            )
    return f"{'.'.join(at)}: {said}"


_WRITTEN = {
    "id": "HWY-02 for a rule, mycity for a pack",
    "subject": "industrial_park",
    "object": "highway",
    "source_url": "https://…",
}


def _refuse_unknown_words(name: str, rules: Mapping[str, Rule], folder: Path | None) -> None:
    try:
        known = schemas() if folder is None else schemas_of(folder.parent)
    except ValueError as error:
        raise PackInvalid(f"pack {name}: the plan's schemas cannot be read: {error}") from error
    kinds = {kind: one for kind, one in known.items() if one.geometry}
    for rule in rules.values():
        wrong = "; ".join(unknown_words(rule, kinds))
        if wrong:
            raise PackInvalid(f"pack {name}: {rule.id}.{wrong}")


def _refuse_loose_ends(name: str, rules: Mapping[str, Rule]) -> None:
    for rule in rules.values():
        if not isinstance(rule.demand, BufferBeyond):
            continue
        for other in rule.demand.beyond:
            base = rules.get(other)
            if base is None or not isinstance(base.demand, Setback) or base.object != rule.object:
                raise PackInvalid(
                    f"pack {name}: {rule.id} builds on {other}, which is withdrawn, or no setback "
                    f"from the same kind of object"
                )


def _not_in_force(rules: Iterable[Rule], on: date) -> dict[str, str]:
    left = {}
    for rule in rules:
        if rule.basis is None:
            continue
        begins, ends = _first_day(rule.basis.in_force), _last_day(rule.basis.repealed)
        if begins is not None and on < begins:
            left[rule.id] = f"in force from {rule.basis.in_force.on}"
        elif ends is not None and on >= ends:
            left[rule.id] = f"repealed {rule.basis.repealed.on}"
    return left


def _first_day(when: When) -> date | None:
    return date(when.on, 1, 1) if isinstance(when.on, int) else when.on


def _last_day(when: When) -> date | None:
    """Return the day from which a rule no longer binds; of a year, the first of the next."""
    return date(when.on + 1, 1, 1) if isinstance(when.on, int) else when.on
