"""Parameters of /items: what is refused, by name, and what is odd but sound."""

from __future__ import annotations

import httpx
import pytest
from geoplan_api.query import DEFAULT_LIMIT, MAX_LIMIT, read_limit


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=NaN", "limit=", "limit=1.0", "limit=1e2", "limit=%20%205",
     "limit=abc", "limit=%EF%BC%95", "limit=0x10", "limit=1_0", "limit=1&limit=2", "limit=+5",
     "bbox=", "bbox=1,2,3", "bbox=1,2,3,4,5", "bbox=1,2,3,4,5,6,7", "bbox=a,b,c,d",
     "bbox=nan,0,1,1", "bbox=0,0,inf,1", "bbox=0,0,1e999,1", "bbox=0,1,1,0", "bbox=0,0,1,91",
     "bbox=500200,4550100,500300,4550200", "bbox=0,0,1,1&bbox=0,0,1,1", "bbox=0 0 1 1",
     "bbox=0,0,9,1,1,0", "bbox=0,0,1,1_0", "bbox=0;0;1;1",
     "datetime=", "datetime=..", "datetime=/", "datetime=../..", "datetime=yesterday",
     "datetime=2025-13-01T00:00:00Z", "datetime=2025-01-01T00:00:00", "datetime=2025-02-30",
     "datetime=2025-01-02T00:00:00Z/2025-01-01T00:00:00Z", "datetime=2025-01-01/x",
     "datetime=2025-01-01/2025-01-02/2025-01-03", "datetime=0000-01-01T00:00:00Z",
     "f=", "f=xml", "f=HTML", "f=json&f=json",
     "foo=1", "foo", "offset=5", "crs=x", "filter=a", "BBOX=1,2,3,4", "名=1",
     "is_synthetic=1", "is_synthetic=TRUE", "geometry_accuracy_m=one", "geometry_accuracy_m=nan",
     "geometry_accuracy_m=1e999", "feature_id=IP-1", "fid=1", "geom=x",
     "%00=1", "name=a&name=b"],
)  # fmt: skip
def test_garbage_in_parameters_is_refused_by_name(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/collections/industrial-parks/items?{query}")
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    name = httpx.QueryParams(query).multi_items()[0][0]
    assert repr(name)[1:-1] in problem["detail"]


@pytest.mark.parametrize(
    "query",
    ["limit=10001", "limit=99999999999999999999999999", "limit=00007", "after=", "after=zzz",
     "after=%00", "after='%3B--", "name=%00", "name=%ED%A0%80", "name=%FF", "bbox=0,0,0,0",
     "geometry_accuracy_m=-0",
     "bbox=180,-90,180,90", "bbox=-0.0,-.5,%2B1e0,1.", "f=json"],
)  # fmt: skip
def test_odd_but_sound_parameters_are_answered(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/collections/industrial-parks/items?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["numberReturned"] <= 4


def test_a_limit_above_the_maximum_is_the_maximum() -> None:
    assert (DEFAULT_LIMIT, MAX_LIMIT) == (100, 10_000)
    assert read_limit("10001") == read_limit("9" * 50) == MAX_LIMIT
    assert read_limit("10000") == MAX_LIMIT
    assert read_limit("9999") == 9999
