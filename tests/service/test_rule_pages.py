"""The rules over HTTP: found, filtered, shown with law, dates and how far they were read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>"
OWN = """id = "own"
title = {{ zh = '{text}', en = '{text}' }}
version = "1"
jurisdiction = {{ zh = '{text}', en = '{text}' }}
extends = "cn-national"
withdraws = ["HWY-03"]

[[rule]]
id = "HWY-07"
title = {{ zh = '{text}', en = '{text}' }}
meaning = {{ zh = '{text}', en = '{text}' }}
subject = "railway"
object = "highway"
demand = {{ kind = "setback", distance_m = 77.5, measured_from = "centreline" }}
severity = "notice"
duty = {{ zh = '{text}', en = '{text}' }}
[rule.where]
subject = {{ name = '{text}' }}
[rule.basis]
law = {{ zh = '{text}', en = '{text}' }}
article = '{text}'
in_force = {{ on = 2019, confidence = "memory" }}
source_url = "https://example.org/a?b='\\"<i>"
confidence = "memory"
note = {{ zh = '{text}', en = '{text}' }}
"""


@pytest.fixture(scope="module")
def own(
    serve: Serve, town: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Serve the town with a pack of its own, whose texts would like to be markup."""
    folder = tmp_path_factory.mktemp("own") / "plan"
    shutil.copytree(town.directory, folder)
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(OWN.format(text=HOSTILE), encoding="utf-8")
    (folder / "rules" / "broken.toml").write_text("id = 1", encoding="utf-8")
    base = serve(create_app(Catalogue.open(folder), Settings()))
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


def _ids(client: httpx.Client, **asked: str) -> list[str]:
    answer = client.get("/rules", params=asked)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["numberMatched"] == len(document["rules"])
    return [rule["id"] for rule in document["rules"]]


def test_rules_are_filtered(client: httpx.Client) -> None:
    every = _ids(client)
    assert len(every) == 144  # tests/rules/test_packs.py holds the pack to its table
    angles = _ids(client, demand="crossing_angle")
    assert "PIP-17" in angles
    assert set(_ids(client, subject="gas_pipeline", object="highway")) >= set(angles)
    found = client.get("/rules", params={"severity": "notice", "object": "highway"}).json()
    assert {(one["severity"], one["object"]) for one in found["rules"]} == {("notice", "highway")}
    assert _ids(client, q="高速 expressway control zone")[0] == "HWY-01"
    assert _ids(client, q="no such words") == []
    # what a form sends when nothing is filled in
    assert (
        _ids(client, q="", pack="", subject="", object="", severity="", demand="", on="") == every
    )


def test_a_day_leaves_out_what_was_not_in_force(client: httpx.Client) -> None:
    answer = client.get("/rules", params={"on": "2000-01-01"}).json()
    # HWY-01: in force from 2011-07-01 (tests/golden/rules.csv)
    assert answer["notInForce"]["HWY-01"] == "in force from 2011-07-01"
    assert "HWY-01" not in {one["id"] for one in answer["rules"]}
    # EXC-01 of the example does not say since when: it is never dropped
    assert "EXC-01" in _ids(client, pack="example-city", on="2000-01-01")


def test_a_rule_shows_law_dates_and_how_far_it_was_read(client: httpx.Client) -> None:
    answer = client.get("/rules/HWY-07").json()
    assert answer["demand"] == {"kind": "buffer_beyond", "distance_m": 50.0,
                                "beyond": ["HWY-01", "HWY-02", "HWY-03"]}  # fmt: skip
    assert answer["basis"]["article"] == "第十四条"
    assert answer["pack"] == "cn-national"
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    page = client.get("/rules/HWY-07", headers=headers)
    assert page.headers["content-language"] == "en"
    text = _text(page.text)
    for said in (
        "At least 50 m beyond the zone of HWY-01, HWY-02, HWY-03",
        "第十四条",
        "2011-07-01 (from memory)",
        "The text of the law was read",
        "Road class: expressway, national road, provincial road",
    ):
        assert said in text
    assert re.search(r"Repealed\s+unknown", text)
    assert 'href="https://github.com/LawRefBook/' in page.text
    chinese = client.get("/rules/HWY-07", headers={"Accept": "text/html"})
    assert "规划开发区与国省干线控制区的距离" in chinese.text
    assert "2011-07-01（凭记忆）" in _text(chinese.text)


def _text(page: str) -> str:
    return unescape(re.sub(r"\s*<[^>]+>\s*", " ", page))


def test_the_list_shows_confidence_at_every_rule(client: httpx.Client) -> None:
    page = client.get("/rules", headers={"Accept": "text/html", "Accept-Language": "en"}).text
    entries = page.split('<ul class="rules">')[1].split("</ul>")[0].split("</li>")[:-1]
    assert len(entries) == 144
    said = ("text seen", "secondary source", "from memory", "A planning indicator, no law")
    assert all(any(word in entry for word in said) for entry in entries)


def test_a_pack_says_whose_place_it_takes(own: httpx.Client) -> None:
    answer = own.get("/rules/HWY-07", params={"pack": "own"}).json()
    assert (answer["pack"], answer["overrides"]) == ("own", ["cn-national"])
    assert answer["demand"]["distance_m"] == 77.5
    assert answer["unreadablePacks"] == ["broken"]
    base = own.get("/rules/HWY-07").json()
    assert (base["pack"], base["otherPacks"]) == ("cn-national", ["own"])
    listed = own.get("/rules", params={"pack": "own"}).json()
    assert listed["withdrawn"] == {"HWY-03": "own"}
    assert listed["packs"] == ["broken", "cn-national", "example-city", "own"]


@pytest.mark.parametrize("path", ["/rules?pack=own", "/rules/HWY-07?pack=own"])
def test_texts_of_a_pack_stay_text(own: httpx.Client, path: str) -> None:
    page = own.get(path, headers={"Accept": "text/html"})
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert HOSTILE in unescape(page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    # a form may go to this service only; a page without one sends nothing
    assert ("form-action 'self'" in policy) == path.startswith("/rules?")


def test_pages_ask_for_nothing_else(client: httpx.Client) -> None:
    for path in ("/rules", "/rules/HWY-01"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert not re.search(r"<(script|img|iframe)\b|\bsrc=|url\(|@import", page)
        assert '<meta name="viewport"' in page


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/rules/NONE-01", 404, "rule-not-found"),
        ("/rules/GAS-01?pack=example-city", 404, "withdraws"),
        ("/rules/%3Cscript%3E", 404, "rule-not-found"),
        ("/rules/HWY-01?pack=nowhere", 400, "pack-not-found"),
        ("/rules?pack=../catalogue", 400, "no id of a pack"),
        ("/rules?severity=fatal", 400, "prohibited, approval_required, notice"),
        ("/rules?demand=keep_off", 400, "setback"),
        ("/rules?on=20261122", 400, "YYYY-MM-DD"),
        ("/rules?on=2026-02-30", 400, "YYYY-MM-DD"),
        ("/rules?colour=red", 400, "known here: f, pack"),
        ("/rules?q=a&q=b", 400, "twice"),
        ("/rules/HWY-01?q=a", 400, "known here: f, pack"),
    ],
)
def test_a_wrong_question_is_named(client: httpx.Client, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text


def test_the_landing_page_leads_to_the_rules(client: httpx.Client) -> None:
    links = client.get("/").json()["links"]
    (rules,) = (link for link in links if link["rel"] == "urn:geoplan:rel:rules")
    assert httpx.get(rules["href"]).json()["numberMatched"] == 144
    page = client.get("/", headers={"Accept": "text/html"}).text
    assert 'href="/rules"' in page


def test_the_map_shows_the_findings_as_the_check_has_them(
    client: httpx.Client, checked: dict[str, Any]
) -> None:
    asked = {"check": "true", "packs": "cn-national", "on": "2026-11-22"}
    page = client.get("/map", params=asked).text
    found = re.search(r'id="plan-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    shown = json.loads(found[1])["check"]
    assert shown["run"]["code"] == checked["run"]["code"]
    assert shown["packs"] == list(checked["run"]["packs"])
    assert shown["run"]["law_of"] == "2026-11-22"
    assert shown["totals"] == checked["totals"]
    told = {one["properties"]["finding_id"]: one["properties"] for one in checked["features"]}
    for row in shown["rows"]:
        whole = told.pop(row["finding_id"])
        for name in ("outcome", "measured", "threshold", "pm", "margin", "chainage_from"):
            assert row.get(name) == whole[name], (row["number"], name)
    assert {one["outcome"] for one in told.values()} == {"not_checked"}
    assert sum(one["count"] for one in shown["not_checked"]) == len(told)


@pytest.mark.parametrize("query", ["check=maybe", "packs=..%2Fx", "on=soon", "packs=nowhere"])
def test_a_map_is_not_drawn_by_a_wrong_question(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/map?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
