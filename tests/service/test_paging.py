"""Following `next` returns every feature once, under every question, while others are added."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import shapely
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve

ITEMS = "/collections/many/items"
BOX = (122.7, 40.9, 123.3, 41.2)
QUESTIONS: dict[str, dict[str, str]] = {
    "all": {},
    "bbox": {"bbox": ",".join(map(str, BOX))},
    "filter": {"filter": "lane BETWEEN 2 AND 4 AND name LIKE '点%'"},
    "value": {"lane": "3"},
    "sorted": {"sortby": "-lane,name"},
    "together": {"bbox": ",".join(map(str, BOX)), "filter": "lane > 1", "sortby": "lane"},
}


@pytest.fixture(scope="module")
def served(serve: Serve, odd: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("paged") / "plan"
    shutil.copytree(odd.directory, folder)
    return serve(create_app(Catalogue.open(folder), Settings(editing=True)))


def _expected(plan: Catalogue, question: str) -> list[int]:
    """Say by geopandas what matches, with the features without a position in every box."""
    stored = plan.read("many").to_crs("OGC:CRS84")
    match question:
        case "bbox" | "together":
            kept = stored.intersects(shapely.box(*BOX)) | stored.geometry.isna()
            kept &= stored["lane"] > 1 if question == "together" else True
        case "filter":
            kept = stored["lane"].between(2, 4)
        case "value":
            kept = stored["lane"] == 3
        case _:
            kept = stored["lane"] >= 0
    return sorted(stored.index[kept])


class _Adder(threading.Thread):
    """Adds features over HTTP until it is told to stop; each matches every question."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.enough, self.added = address, threading.Event(), 0
        self.another = threading.Semaphore(0)

    def run(self) -> None:
        place = {"type": "Point", "coordinates": [123.0, 41.0]}
        with httpx.Client(base_url=self.address, timeout=30) as client:
            while not self.enough.is_set():
                told = {"lane": 3, "name": f"点new-{self.added}"}
                body = {"type": "Feature", "geometry": place, "properties": told}
                answer = client.post(ITEMS, json=body)
                assert answer.status_code == 201, answer.text
                self.added += 1
                self.another.release()


def _walk(address: str, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
    with httpx.Client(base_url=address, timeout=30) as client:
        answer = client.get(ITEMS, params={**parameters, "limit": "37"})
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield page
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                return
            answer = client.get(following[0])


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_feature_comes_once_while_others_are_added(
    served: str, odd: Catalogue, question: str
) -> None:
    adder = _Adder(served)
    adder.start()
    try:
        pages = []
        for page in _walk(served, QUESTIONS[question]):
            pages.append(page)
            assert adder.another.acquire(timeout=20), "nothing is added while it walks"
    finally:
        adder.enough.set()
        adder.join()
    ids = [feature["id"] for page in pages for feature in page["features"]]
    assert len(set(ids)) == len(ids)
    there = set(odd.read("many").index)
    assert sorted(set(ids) & there) == _expected(odd, question)
    assert len(pages) > 3
