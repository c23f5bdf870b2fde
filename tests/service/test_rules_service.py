"""The check of rules over HTTP: documented, the library's own answer, refused in words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

RUN = "/processes/{}/execution"


def run(client: httpx.Client, name: str, inputs: dict[str, Any]) -> httpx.Response:
    return client.post(RUN.format(name), json={"inputs": inputs})


def test_a_check_says_what_it_checked(checked: dict[str, Any]) -> None:
    document = checked
    assert document["run"]["law_of"] == "2026-11-22"
    assert document["run"]["code"].startswith("GP-")
    # town README: IP-1 shares 400 × 300 m with SC-1
    (hit,) = (
        one["properties"]
        for one in document["features"]
        if (one["properties"]["rule_id"], one["properties"]["subject_id"]) == ("SCN-01", "IP-1")
        and one["properties"]["outcome"] == "hit"
    )
    assert hit["shared_area_m2"] == pytest.approx(120_000, rel=1e-6)
    assert hit["article"] == "第二十六条第（一）项"
    # town README: IP-2 takes 3.0 and 4.5 hm² of scenic areas, 2.5 of them twice
    (cell,) = (
        one
        for one in document["tables"]["F"]
        if (one["project_id"], one["layer"]) == ("IP-2", "scenic-areas")
    )
    assert cell["area_gross_hm2"] == pytest.approx(7.5, rel=1e-6)
    assert cell["area_union_hm2"] == pytest.approx(5.0, rel=1e-6)
    totals = document["totals"]
    parts = [totals[f"{name}_count"] for name in ("hit", "uncertain", "clear", "not_checked")]
    assert sum(parts) == totals["asked_count"]


def test_zones_are_drawn_over_http(client: httpx.Client) -> None:
    answer = run(client, "legal-zones", {"layers": ["gas-pipelines"]})
    assert answer.status_code == 200, answer.text
    assert {one["properties"]["source_layer"] for one in answer.json()["features"]} == {
        "gas-pipelines"
    }


@pytest.mark.parametrize(
    "inputs",
    [
        {"packs": ["nowhere"]},
        {"packs": ["../catalogue"]},
        {"packs": []},
        {"on": "yesterday"},
        {"pack": "cn-national"},
    ],
)
def test_a_wrong_question_is_refused(client: httpx.Client, inputs: dict[str, Any]) -> None:
    answer = run(client, "check", inputs)
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_tables_that_cannot_be_made_are_refused(client: httpx.Client) -> None:
    answer = run(client, "check", {"tables": ["B"]})
    assert answer.status_code == 400
    assert "land_use" in answer.text
    answer = run(client, "check", {"tables": ["B"], "land_use": "highways"})
    assert answer.status_code == 400
    answer = run(client, "check", {"tables": ["Z"]})
    assert answer.status_code == 422
    assert "/inputs/tables/0" in answer.text
