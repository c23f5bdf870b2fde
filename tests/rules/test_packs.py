"""Every pack, and every rule in it, is a case: schema, law, numbers, both languages.

What a rule says is held against the row of ``tests/golden/rules.csv`` that it names, which was
compiled apart from the packs.
"""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from geoplan.errors import PackInvalid, PackNotFound
from geoplan.rules import Rule, load_pack
from geoplan.rules.model import CoverageAtLeast, Range
from geoplan.rules.pack import pack_names
from geoplan.schema import schemas

ROWS = {
    row["id"]: row
    for row in csv.DictReader(
        (Path(__file__).parents[1] / "golden" / "rules.csv")
        .read_text(encoding="utf-8-sig")
        .splitlines()
    )
}
PACKS = {name: load_pack(name) for name in pack_names()}
RULES = [
    pytest.param(rule, id=f"{name}:{rule.id}")
    for name, pack in PACKS.items()
    for rule in pack.rules.values()
]
KINDS = {"river_remediation": "river_remediation_zone"}
"""Names of the table that are not kinds."""
OTHER_KIND = {"PIP-10", "PIP-12", "GAS-04", "GAS-05", "GAS-21", "GAS-22", "GAS-23", "SCN-02"}
"""Rows on facilities, or on a published range: kinds of their own here, pipelines there."""
BY_CLASS = {"expressway": 30, "national": 20, "provincial": 15, "county": 10, "township": 5}
"""Article 11 of the highway regulation, which two rows refer to without its numbers."""


def test_there_are_the_packs() -> None:
    assert list(PACKS) == ["cn-national", "example-city"]
    assert len(PACKS["cn-national"].rules) == 144
    assert PACKS["example-city"].example
    assert not PACKS["cn-national"].example


def test_every_row_is_a_rule_or_has_its_reason() -> None:
    used = {
        row for pack in PACKS.values() for rule in pack.rules.values() for row in rule.source_rows
    }
    readme = Path(load_pack.__code__.co_filename).parent / "packs" / "README.md"
    _, without = readme.read_text(encoding="utf-8").split("did not become rules")
    told = set(re.findall(r"[A-Z]{3}-\d\d", without))
    assert used | told == set(ROWS)
    assert (used & told) - {"GAS-91"} == set()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_what_its_row_says(rule: Rule) -> None:
    (name,) = rule.source_rows
    row = ROWS[name]
    if rule.id != "GAS-13" or name != "GAS-91":  # that row tells of two ranges in one
        assert rule.severity == row["severity"]
    if name not in OTHER_KIND:
        assert rule.object == KINDS.get(row["layer_b"], row["layer_b"])
    if name not in OTHER_KIND and name != "GAS-91":
        assert rule.subject == KINDS.get(row["layer_a"], row["layer_a"])
    if rule.basis is None:
        assert row["legal_basis_zh"].startswith("(无法定依据)")
        assert isinstance(rule.demand, CoverageAtLeast)
        return
    assert rule.basis.law.zh == row["legal_basis_zh"]
    assert rule.basis.law.en == row["legal_basis_en"]
    assert rule.basis.confidence == row["confidence"]
    assert _article_numbers(rule.basis.article) == _article_numbers(row["article"]), row["article"]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_asks_for_fields_that_its_kinds_have(rule: Rule) -> None:
    known = schemas()
    for kind, wanted in ((rule.subject, rule.where.subject), (rule.object, rule.where.object)):
        fields = {field.name: field for field in known[kind].fields}
        for name, value in wanted.items():
            assert name in fields, (rule.id, kind, name)
            codes = {one.code for one in fields[name].values}
            if codes and not isinstance(value, Range):
                asked = value if isinstance(value, tuple) else (value,)
                assert set(asked) <= codes, (rule.id, name, value)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_speaks_both_languages(rule: Rule) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    texts = [rule.title, rule.meaning, rule.activity, rule.duty]
    if rule.basis is not None:
        texts += [rule.basis.law, rule.basis.note]
    for text in texts:
        if text is not None:
            assert chinese.search(text.zh), text
            if text is not (rule.basis and rule.basis.note):
                assert not chinese.search(text.en), text


def test_what_was_in_force() -> None:
    before = load_pack(on=date(2026, 3, 14))
    assert {"CTL-16", "CTL-17"} <= set(before.left)
    assert "CTL-16" in load_pack(on=date(2026, 3, 15)).rules
    # a bare year counts from its first day; a rule without any date is never dropped
    assert "CTL-11" in load_pack(on=date(2026, 1, 1)).rules
    assert "CTL-11" in load_pack(on=date(2025, 12, 31)).left
    city = load_pack("example-city", on=date(1950, 1, 1))
    assert {"EXC-01", "EXC-02", "GAS-13"} <= set(city.rules)
    assert city.unknown(city.rules["EXC-01"]) == ("in_force", "repealed")


def test_a_city_withdraws_and_replaces() -> None:
    base, city = PACKS["cn-national"], PACKS["example-city"]
    assert {"GAS-01", "GAS-02", "GAS-03"} <= set(base.rules)
    assert not {"GAS-01", "GAS-02", "GAS-03"} & set(city.rules)
    assert _figures(base.rules["GAS-13"].demand) == {5.0, 50.0}
    assert _figures(city.rules["GAS-13"].demand) == {6.0, 50.0}
    assert base.sha256 != city.sha256


GOOD = """
id = "own"
title = { zh = "自定", en = "Own" }
version = "1"
jurisdiction = { zh = "某市", en = "A city" }
extends = "cn-national"
"""
RULE = """
[[rule]]
id = "OWN-01"
title = { zh = "题", en = "Title" }
meaning = { zh = "义", en = "Meaning" }
subject = "industrial_park"
object = "highway"
demand = { kind = "setback", distance_m = 40, measured_from = "land_edge" }
severity = "prohibited"
[rule.basis]
law = { zh = "某市条例", en = "A city's regulation" }
article = "第一条"
confidence = "memory"
"""


def where(field: str, wanted: str) -> str:
    """Return a condition on the object of the rule."""
    return f"[rule.where]\nobject = {{ {field} = {wanted} }}\n"


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD + RULE, encoding="utf-8")
    pack = load_pack("own", folder=tmp_path)
    assert len(pack.rules) == 145
    assert pack_names(tmp_path) == ["cn-national", "example-city", "own"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id = ", "no TOML"),
        (GOOD.replace('"own"', '"other"'), "file and id must agree"),
        (GOOD.replace("cn-national", "own"), "extends itself"),
        (GOOD + 'withdraws = ["HWY-99"]\n', "HWY-99"),
        (GOOD + 'parts = ["gone"]\n', "own.gone.toml is missing"),
        (GOOD + RULE + RULE, "OWN-01 stands twice"),
        (GOOD + RULE.replace("40", "-4"), "OWN-01.demand.setback.distance_m"),
        (GOOD + RULE.replace("40", "nan"), "OWN-01.demand.setback.distance_m"),
        (GOOD + RULE.replace("land_edge", "somewhere"), "OWN-01.demand.setback.measured_from"),
        (GOOD + RULE.replace("setback", "nearness"), "OWN-01.demand"),
        (GOOD + RULE.replace("prohibited", "bad"), "OWN-01.severity"),
        (GOOD + RULE.replace(', en = "Title"', ""), "OWN-01.title.en"),
        (GOOD + RULE.split("[rule.basis]")[0], "only a planning indicator"),
        (
            GOOD
            + RULE.replace(
                'demand = { kind = "setback", distance_m = 40, measured_from = "land_edge" }',
                'demand = { kind = "buffer_beyond", distance_m = 9, beyond = ["PIP-01"] }',
            ),
            "OWN-01 builds on PIP-01",
        ),
        # a rule on what does not exist would never be hit, and nobody would notice
        (GOOD + RULE.replace("highway", "highways"), "OWN-01.object: there is no kind of layer"),
        (GOOD + RULE.replace("highway", "chainage_equation"), "there is no kind of layer"),
        (GOOD + RULE + where("roadclass", '"county"'), "did you mean 'road_class'?"),
        (GOOD + RULE + where("road_class", '"countie"'), "did you mean 'county'?"),
        (GOOD + RULE + where("road_class", '["county", "lane"]'), "'lane' is no value of it"),
        (GOOD + RULE + where("lanes", '"4"'), "where.object.lanes: '4' is no INTEGER"),
        (GOOD + RULE + where("lanes", "true"), "where.object.lanes: True is no INTEGER"),
        (GOOD + RULE + where("road_code", "{ minimum = 1 }"), "are for numbers"),
        (GOOD + RULE.replace("distance_m", "distance"), "distance_m: is missing; OWN-01.demand"),
        (GOOD + RULE + 'withdraws = ["GAS-01"]', "above the first [[rule]]"),
        (GOOD + RULE.replace("OWN-01", "own-1"), "own-1.id: 'own-1' is not written"),
    ],
)
def test_a_bad_pack_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PackInvalid) as caught:
        load_pack("own", folder=tmp_path)
    assert told in str(caught.value)


def test_a_rule_may_ask_for_a_kind_that_the_plan_brings(tmp_path: Path) -> None:
    for folder in ("rules", "schema"):
        (tmp_path / folder).mkdir()
    text = GOOD + RULE.replace("highway", "tram_line").replace("land_edge", "centreline")
    text += where("gauge", '"metre"')
    (tmp_path / "rules" / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PackInvalid, match="tram_line"):
        load_pack("own", folder=tmp_path / "rules")
    (tmp_path / "schema" / "tram_line.toml").write_text(
        """title = { zh = "电车线", en = "Tram line" }
geometry = ["line"]
[[field]]
name = "gauge"
label = { zh = "轨距", en = "Gauge" }
type = "TEXT"
values = [{ code = "metre", label = { zh = "米轨", en = "metre" } }]
""",
        encoding="utf-8",
    )
    assert load_pack("own", folder=tmp_path / "rules").rules["OWN-01"].object == "tram_line"
    (tmp_path / "schema" / "tram_line.toml").write_text("title = 1", encoding="utf-8")
    with pytest.raises(PackInvalid, match="schemas cannot be read"):
        load_pack("own", folder=tmp_path / "rules")


@pytest.mark.parametrize("name", ["none", "../secrets", "cn-national.highway", ""])
def test_a_pack_that_is_not_there(name: str) -> None:
    with pytest.raises(PackNotFound):
        load_pack(name)


def _figures(demand: Any) -> set[float]:
    """Return the numbers of a demand: metres, degrees, hectares, shares as per cent, km."""
    numbers = {
        name: float(value)
        for name, value in demand.model_dump().items()
        if isinstance(value, int | float) and value and not isinstance(value, bool)
    }
    if isinstance(demand, CoverageAtLeast):
        return {numbers["share"] * 100, numbers["within_m"] / 1000}
    return set(numbers.values())


_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")}


def _article_numbers(text: str) -> list[int]:
    """Return the articles that a citation names, without items and paragraphs."""
    if "条" in text and "第" in text and not re.search(r"\d", text):
        return [_number(one) for one in re.findall(r"第([一二三四五六七八九十]+)条", text)]
    if section := re.match(
        r"([一二三四五六七八九十]+)（", text
    ):  # of a notice, which has no articles
        return [_number(section[1])]
    found = re.findall(r"(?:^|[ ,;(])(\d+)(?=$|[,;(?]| )", text)
    return [int(one) for one in found] if "条" not in text and "table" not in text else []


def _number(text: str) -> int:
    tens, _, ones = text.rpartition("十")
    if "十" not in text:
        return _DIGITS[text]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
