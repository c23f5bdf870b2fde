"""Rules in words and looked up: no number is lost, and a pack says what it puts in whose place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoplan.errors import PackInvalid, PackNotFound, RuleNotFound
from geoplan.rules import Rule, load_pack
from geoplan.rules.browse import RuleQuery, browse, find_rule
from geoplan.rules.model import Range, When
from geoplan.rules.wording import (
    conditions_in_words,
    date_in_words,
    demand_in_words,
    kind_in_words,
)

NATIONAL, CITY = load_pack(), load_pack("example-city")
EVERY = {**NATIONAL.rules, **CITY.rules}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_number_of_every_demand_stands_in_its_words(lang: str) -> None:
    for rule in EVERY.values():
        said = demand_in_words(rule.demand, lang)  # type: ignore[arg-type]
        numbers = {float(one) for one in re.findall(r"\d+(?:\.\d+)?", said)}
        for name, value in rule.demand.model_dump().items():
            if isinstance(value, float) and value != 0:
                assert value * (100 if name == "share" else 1) in numbers, (rule.id, said)
        assert "{" not in said


@pytest.mark.parametrize(
    ("rule_id", "zh", "en"),
    [
        ("HWY-01", "距用地外缘不小于 30 米", "At least 30 m from the outer edge of its land"),
        ("HWY-24A", "用地外缘起 30 米以内的范围", "Within 30 m of the outer edge of its land"),
        (
            "GAS-13",
            "管道外缘起 6 米至 50 米的范围",
            "From 6 m to 50 m of the outer face of the pipe",
        ),
        ("PIP-17", "交叉角不小于 30°", "Crossings at 30° or more"),
        (
            "IND-01",
            "不少于 80% 位于保护对象 2000 米之内",
            "At least 80% within 2000 m of what is protected",
        ),
    ],
)
def test_demands_read_as_the_law_has_them(rule_id: str, zh: str, en: str) -> None:
    demand = CITY.rules[rule_id].demand
    assert (demand_in_words(demand, "zh"), demand_in_words(demand, "en")) == (zh, en)


def test_conditions_use_the_labels_of_the_schema() -> None:
    where = NATIONAL.rules["HWY-07"].where
    assert conditions_in_words(where.object, "highway", "zh") == ["公路类别: 高速公路、国道、省道"]
    assert conditions_in_words({"kv": Range(minimum=35.0)}, "unheard_of", "en") == ["kv: ≥ 35"]
    assert conditions_in_words({"a": True, "b": 1.5}, "unheard_of", "en") == ["a: yes", "b: 1.5"]
    assert kind_in_words("highway", "zh") == "公路"
    assert kind_in_words("unheard_of", "zh") == "unheard_of"


def test_an_unknown_date_is_said() -> None:
    assert date_in_words(When(), "en") == "unknown"
    assert date_in_words(When(on=2016, confidence="memory"), "zh") == "2016（凭记忆）"


def _ids(rules: tuple[Rule, ...]) -> set[str]:
    return {rule.id for rule in rules}


def test_rules_are_picked_by_what_they_are_and_by_words() -> None:
    setbacks = browse(NATIONAL, RuleQuery(object="highway", demand="setback"))
    assert {"HWY-01", "HWY-02"} <= _ids(setbacks)
    assert {rule.demand.kind for rule in setbacks} == {"setback"}
    assert _ids(browse(NATIONAL, RuleQuery(words="高速公路 CONTROL zone"))) >= {"HWY-01"}
    assert browse(NATIONAL, RuleQuery(words="高速公路 no-such-word")) == ()
    # the names of the fields of a rule are no words of it
    assert browse(NATIONAL, RuleQuery(words="source_url")) == ()
    assert len(browse(NATIONAL, RuleQuery())) == len(NATIONAL.rules)


def test_a_pack_says_what_it_adds_replaces_and_withdraws() -> None:
    assert CITY.origins["GAS-13"] == ("example-city", "cn-national")
    assert CITY.origins["EXC-01"] == ("example-city",)
    assert CITY.origins["HWY-01"] == ("cn-national",)
    assert CITY.withdrawn == dict.fromkeys(("GAS-01", "GAS-02", "GAS-03"), "example-city")
    assert "GAS-01" not in CITY.origins
    assert NATIONAL.withdrawn == {}


def test_a_rule_is_found_where_it_stands() -> None:
    of_base = find_rule("GAS-13")
    assert (of_base.pack.id, of_base.elsewhere) == ("cn-national", ("example-city",))
    of_city = find_rule("GAS-13", pack="example-city")
    assert (of_city.pack.id, of_city.elsewhere) == ("example-city", ("cn-national",))
    assert of_city.rule.demand != of_base.rule.demand
    assert find_rule("EXC-01").pack.id == "example-city"
    with pytest.raises(RuleNotFound, match="withdraws"):
        find_rule("GAS-01", pack="example-city")
    with pytest.raises(RuleNotFound, match="any pack"):
        find_rule("NONE-01")
    with pytest.raises(PackNotFound):
        find_rule("HWY-01", pack="nowhere")


def test_a_broken_pack_beside_does_not_hide_a_rule(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("id = 'broken'\n[[rule]]\n", encoding="utf-8")
    found = find_rule("HWY-01", folder=tmp_path)
    assert (found.rule.id, found.unreadable) == ("HWY-01", ("broken",))
    with pytest.raises(PackInvalid):
        find_rule("HWY-01", pack="broken", folder=tmp_path)
