"""Threat 18: keys, roles, layers, other sites. Real servers, real keys."""

from __future__ import annotations

import base64
import gzip
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from geoplan_api import create_app
from geoplan_api.app import PARTS
from geoplan_api.editing import router as editing_router

from geoplan import Catalogue
from geoplan.access import KeyFile, Role, key_file
from geoplan.settings import Settings
from geoplan.store.history import history

ROOT = Path(__file__).parents[2]
Serve = Callable[[Any], str]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
FILL = {
    "collection_id": "highways",
    "feature_id": "none",
    "process_id": "overlap",
    "rule_id": "HWY-01",
    "tile_matrix_set_id": "WebMercatorQuad",
    "tile_matrix": "13",
    "tile_row": "3068",
    "tile_col": "6894",
    "job_id": "0" * 32,
    "version": "0",
    "name": "page.css",
}
_ROW = re.compile(
    r"^\| `(/[^`]*)` \| ([A-Z, ]+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", re.MULTILINE
)
TABLE = {
    (row[0], method): dict(zip(("nobody", *ROLES), row[2:], strict=True))
    for row in _ROW.findall((ROOT / "docs" / "access.md").read_text(encoding="utf-8"))
    for method in row[1].split(", ")
}
"""What docs/access.md says: (route, method) → role → ok, 401 or 403."""


class Guarded:
    """A plan of its own that is served with keys."""

    def __init__(self, plan: Path, serve: Serve, **more: Any) -> None:
        self.plan = plan
        self.keys = KeyFile(key_file(plan))
        self.secrets: dict[str, str] = {role: self.keys.add(role, role) for role in ROLES}
        chosen = {"editing": True, "require_key": True, "rate_limit": 0, **more}
        settings = Settings(plan=plan, **chosen)
        self.url = serve(create_app(Catalogue.open(plan), settings))
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def close(self) -> None:
        self.client.close()

    def ask(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {**more.pop("headers", {})}
        if key is not None:
            headers["Authorization"] = f"Bearer {self.secrets.get(key, key)}"
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        return self.ask("GET", path, key, **more)


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, serve: Serve, town_dir: Path
) -> Iterator[Guarded]:
    plan = tmp_path_factory.mktemp("guarded") / "town"
    shutil.copytree(town_dir, plan)
    found = Guarded(plan, serve)
    found.secrets["one"] = found.keys.add("one", "editor", ("industrial-parks",))
    found.secrets["relief"] = found.keys.add("relief", "viewer", ("highways", "elevation"))
    with closing(found):
        yield found


def test_threat_18_the_table_names_every_route_there_is() -> None:
    routers = [*(part.router for part in PARTS), editing_router]
    routes = {
        (route.path.replace(":path}", "}"), method)
        for router in routers
        for route in router.routes
        for method in route.methods
    }
    assert set(TABLE) == routes


@pytest.mark.parametrize("role", ["nobody", *ROLES])
def test_threat_18_every_route_answers_every_role_as_the_table_says(
    guarded: Guarded, role: str
) -> None:
    key = None if role == "nobody" else role
    for (route, method), cells in TABLE.items():
        path = re.sub(r"\{(\w+)\}", lambda found: FILL[found[1]], route)
        more = "?f=none" if route == "/map" else ""  # drawing it takes seconds
        answer = guarded.ask(method, path + more, key)
        if cells[role] == "ok":
            assert answer.status_code not in (401, 403), (method, route, answer.text)
            assert answer.status_code < 500
        else:
            assert answer.status_code == int(cells[role]), (method, route)
            assert method == "HEAD" or answer.json()["status"] == int(cells[role])


def test_threat_18_what_is_not_there_is_no_hint_to_nobody(guarded: Guarded) -> None:
    there, not_there = guarded.get("/collections/highways"), guarded.get("/collections/none")
    assert there.status_code == not_there.status_code == 401
    assert there.json()["detail"] == not_there.json()["detail"]
    assert there.headers["www-authenticate"].startswith("Bearer")
    assert guarded.get("/nothing").status_code == 401
    assert guarded.get("/nothing", "viewer").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer gpk_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dmlld2VyOng="},
        {"X-API-Key": "viewer"},
        {"X-API-Key": "\u00ff"},
        {"Cookie": "key=x"},
    ],
)
def test_threat_18_what_is_no_key_lets_nobody_in(guarded: Guarded, headers: Any) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    assert httpx.get(guarded.url + "/collections", headers=sent).status_code == 401


def test_threat_18_both_headers_take_a_key_and_the_address_does_not(guarded: Guarded) -> None:
    secret = guarded.secrets["viewer"]
    assert guarded.get("/", headers={"X-API-Key": secret}).status_code == 200
    assert guarded.get("/", headers={"Authorization": f"bearer {secret}"}).status_code == 200
    assert guarded.get(f"/?token={secret}").status_code == 401
    digest = next(key.sha256 for key in guarded.keys.all() if key.name == "viewer")
    assert guarded.get("/", headers={"X-API-Key": digest}).status_code == 401


def test_threat_18_health_tells_nobody_of_no_layer(guarded: Guarded) -> None:
    assert guarded.get("/health").json()["features"] == {}
    assert set(guarded.get("/health", "one").json()["features"]) == {"industrial-parks"}
    assert set(guarded.get("/health", "viewer").json()["features"]) == set(
        Catalogue.open(guarded.plan)
    )


def test_threat_18_hidden_layers_are_as_if_absent(guarded: Guarded) -> None:
    plan = Catalogue.open(guarded.plan)
    hidden = (set(plan) | set(plan.rasters)) - {"industrial-parks"}
    names = hidden | {layer.title.zh for layer in plan.values() if layer.id in hidden}
    assert {"highways", "elevation"} <= hidden
    paths = [
        *("/", "/?f=html", "/collections", "/openapi.json", "/api", "/tiles", "/health"),
        *("/tiles/WebMercatorQuad", "/tiles/WebMercatorQuad?f=tilejson", "/map"),
        *("/processes", "/processes/overlap", "/processes/slope", "/processes/profile"),
        *("/collections/industrial-parks", "/collections/none", "/tiles/CGCS2000Quad"),
        "/tiles/WebMercatorQuad/13/3068/6894?collections=none",
    ]
    for path in paths:
        text = guarded.get(path, "one").text
        for name in names:
            if path == "/map" and not name.isascii():
                continue  # its titles may be those of kinds, which every page knows
            assert f'"{name}"' not in text, (path, name)
            assert f"/{name}" not in text, (path, name)
            assert f">{name}<" not in text, (path, name)
    assert [one["id"] for one in guarded.get("/collections", "one").json()["collections"]] == [
        "industrial-parks"
    ]


def test_threat_18_a_hidden_layer_is_answered_like_one_that_is_not_there(guarded: Guarded) -> None:
    def answer(layer: str, tail: str) -> tuple[int, str]:
        found = guarded.get(f"/collections/{layer}{tail}", "one")
        return found.status_code, found.text.replace(layer, "?")

    tails = ["", "/items", "/items/HW-1", "/queryables", "/schema", "/sortables", "/tiles", "/map"]
    tails += ["/tiles/WebMercatorQuad", "/tiles/WebMercatorQuad/13/3068/6894"]
    for tail in tails:
        assert answer("highways", tail) == answer("no-layer", tail), tail
        assert answer("highways", tail)[0] == 404
    for tail in ("/map/tiles", "/map/tiles/WebMercatorQuad/13/3068/6894"):
        assert answer("elevation", tail) == answer("no-raster", tail)
    edit: dict[str, Any] = {"type": "Feature", "geometry": None, "properties": {}}
    sent = guarded.ask("POST", "/collections/highways/items", "one", json=edit)
    assert sent.status_code == 404


def test_threat_18_a_tile_of_the_plan_holds_what_the_key_sees(guarded: Guarded) -> None:
    path = "/tiles/WebMercatorQuad/13/3068/6894"
    whole, part = guarded.get(path, "viewer"), guarded.get(path, "one")
    assert b"highways" in whole.content
    assert b"industrial-parks" in part.content
    assert b"highways" not in part.content
    assert whole.headers["etag"] != part.headers["etag"]
    # what another key holds is not taken for what this one would get
    again = guarded.get(path, "one", headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 200
    assert "Authorization" in part.headers["vary"]


def test_threat_18_a_picture_of_the_plan_holds_what_the_key_sees(guarded: Guarded) -> None:
    path = "/map?f=svg"
    whole, part = guarded.get(path, "viewer"), guarded.get(path, "one")
    assert 'id="layer-highways"' in whole.text
    assert 'id="layer-industrial-parks"' in part.text
    assert "highways" not in part.text
    assert "东西大道" in whole.text
    assert "东西大道" not in part.text
    again = guarded.get(path, "one", headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 200
    assert "Authorization" in part.headers["vary"]
    named = guarded.get("/map?collections=highways", "one")
    assert named.status_code == 400
    assert named.json()["detail"].endswith("there is industrial-parks")
    inputs = {"inputs": {"check": False, "format": "svg"}}
    sheet = guarded.ask("POST", "/processes/figure/execution", "one", json=inputs)
    assert "北园" in sheet.text
    assert "东西大道" not in sheet.text
    below = {"inputs": {"check": False, "raster": "elevation"}}
    assert guarded.ask("POST", "/processes/figure/execution", "one", json=below).status_code == 422


def test_threat_18_nothing_is_computed_with_a_hidden_layer(guarded: Guarded) -> None:
    def run(process: str, inputs: dict[str, Any], key: str) -> httpx.Response:
        path = f"/processes/{process}/execution"
        return guarded.ask("POST", path, key, json={"inputs": inputs})

    named = run("overlap", {"layers": ["industrial-parks", "highways"]}, "one")
    assert named.status_code == 422
    assert "there are: industrial-parks" in named.json()["detail"]
    rows = run("layers", {}, "one").json()["rows"]
    assert {row["layer"] for row in rows} == {"industrial-parks"}
    assert run("slope", {"raster": "elevation"}, "one").status_code == 422
    assert run("slope", {"raster": "elevation"}, "relief").status_code == 200
    page = guarded.get("/map", "one").text
    packed = re.findall(r'<script type="text/plain" id="layer-data-\d+">([^<]+)</script>', page)
    carried = b"".join(gzip.decompress(base64.b64decode(one)) for one in packed)
    assert len(packed) == 1
    assert b"IP-1" in carried
    assert b"HW-1" not in carried
    assert "HW-1" not in page
    tile = "/tiles/WebMercatorQuad/13/3068/6894?f=compact"
    assert guarded.get(f"/collections/highways{tile}", "one").status_code == 404


def test_threat_18_a_job_is_theirs_who_asked_for_it(guarded: Guarded) -> None:
    run, asynchronous = "/processes/layers/execution", {"Prefer": "respond-async"}
    made = guarded.ask("POST", run, "one", json={}, headers=asynchronous)
    assert made.status_code == 201
    path = f"/jobs/{made.json()['jobID']}"
    for _ in range(600):
        if guarded.get(path, "one").json()["status"] == "successful":
            break
        time.sleep(0.05)
    # what the key does not see is not in the result either, whoever fetches it
    rows = guarded.get(f"{path}/results", "one").json()["rows"]
    assert {row["layer"] for row in rows} == {"industrial-parks"}
    for other in ("viewer", "editor", "relief"):
        assert guarded.get(path, other).status_code == 404
        assert guarded.get(f"{path}/results", other).status_code == 404
        assert guarded.ask("DELETE", path, other).status_code == 404
        assert guarded.get("/jobs", other).json()["numberMatched"] == 0
    assert guarded.get("/jobs", "one").json()["numberMatched"] == 1
    assert guarded.get(path, "admin").status_code == 200
    assert guarded.ask("DELETE", path, "admin").status_code == 200
    assert guarded.get(path, "one").status_code == 404


def test_threat_18_older_versions_hide_the_same_layers(guarded: Guarded) -> None:
    shutil.copytree(guarded.plan, guarded.plan / "versions" / "old")
    inputs = {"inputs": {"old": "old"}}
    try:
        seen = guarded.ask("POST", "/processes/diff/execution", "one", json=inputs)
        assert seen.status_code == 200, seen.text
        assert "highways" not in seen.text
    finally:
        shutil.rmtree(guarded.plan / "versions")


def test_threat_18_a_revoked_key_is_refused_at_once(guarded: Guarded) -> None:
    secret = guarded.keys.add("brief", "viewer")
    with httpx.Client(base_url=guarded.url, headers={"X-API-Key": secret}) as client:
        assert client.get("/").status_code == 200
        guarded.keys.revoke("brief")
        assert client.get("/").status_code == 401


def test_threat_18_a_file_of_keys_open_to_others_lets_nobody_in(guarded: Guarded) -> None:
    guarded.keys.path.chmod(0o644)
    try:
        answer = guarded.get("/", "admin")
    finally:
        guarded.keys.path.chmod(0o600)
    assert answer.status_code == 500
    assert str(guarded.keys.path) not in answer.text
    assert guarded.get("/", "admin").status_code == 200


def test_threat_18_the_keys_are_served_nowhere(guarded: Guarded) -> None:
    for path in ("/town.keys.json", "/../town.keys.json", "/collections/..%2Ftown.keys.json"):
        assert guarded.get(path, "admin").status_code == 404


def test_threat_19_the_audit_names_the_key_and_holds_no_secret(guarded: Guarded) -> None:
    edit: dict[str, Any] = {"type": "Feature", "geometry": None, "properties": {"name": "新园"}}
    sent = guarded.ask("POST", "/collections/industrial-parks/items", "editor", json=edit)
    assert sent.status_code == 201, sent.text
    file = guarded.plan / "industrial-parks.gpkg"
    (line,) = history(file, Catalogue.open(guarded.plan)["industrial-parks"].table, 1)
    assert line.who == "editor"
    assert guarded.secrets["editor"] not in repr(line)


@pytest.fixture(scope="module")
def other_sites(
    tmp_path_factory: pytest.TempPathFactory, serve: Serve, town_dir: Path
) -> Iterator[Guarded]:
    plan = tmp_path_factory.mktemp("sites") / "town"
    shutil.copytree(town_dir, plan)
    found = Guarded(plan, serve, origins=("https://maps.example.org",), url_token=True)
    with closing(found):
        yield found


PREFLIGHT = {"Access-Control-Request-Method": "GET"}


def test_threat_18_cors_is_for_the_origins_that_are_listed(other_sites: Guarded) -> None:
    listed = {"Origin": "https://maps.example.org"}
    asked = {**listed, **PREFLIGHT, "Access-Control-Request-Headers": "authorization,if-match"}
    preflight = other_sites.ask("OPTIONS", "/collections", headers=asked)
    assert preflight.status_code == 204  # without a key: browsers send none with it
    assert preflight.headers["access-control-allow-origin"] == "https://maps.example.org"
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    read = other_sites.get("/collections", "viewer", headers=listed)
    assert read.headers["access-control-allow-origin"] == "https://maps.example.org"
    assert "ETag" in read.headers["access-control-expose-headers"]
    refused = other_sites.get("/collections", headers=listed)
    assert refused.status_code == 401
    assert "access-control-allow-origin" in refused.headers  # so that a page can read why
    for answer in (preflight, read, refused):
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://maps.example.org.evil"]
)
def test_threat_18_cors_is_for_nobody_else(other_sites: Guarded, origin: str) -> None:
    preflight = other_sites.ask("OPTIONS", "/", headers={"Origin": origin, **PREFLIGHT})
    assert preflight.status_code == 403
    assert preflight.headers["content-type"] == "application/problem+json"
    read = other_sites.get("/", "viewer", headers={"Origin": origin})
    for answer in (preflight, read):
        assert "access-control-allow-origin" not in answer.headers


def test_threat_18_any_origin_may_read_where_told_so_and_none_may_write(
    serve: Serve, town: Catalogue
) -> None:
    url = serve(create_app(town, Settings(origins=("*",))))
    foreign = {"Origin": "https://evil.example"}
    read = httpx.get(url + "/collections", headers=foreign)
    assert read.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in read.headers
    body: dict[str, Any] = {"inputs": {}}
    path = url + "/processes/layers/execution"
    assert httpx.post(path, json=body, headers=foreign).status_code == 403
    assert httpx.post(path, json=body, headers={"Origin": url}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_threat_18_a_form_of_another_site_changes_nothing(
    serve: Serve, tmp_path: Path, town_dir: Path, kind: str
) -> None:
    """Where no keys are needed, a browser on this machine is what another site could use."""
    plan = Path(shutil.copytree(town_dir, tmp_path / "town"))
    url = serve(create_app(Catalogue.open(plan), Settings(plan=plan, editing=True)))
    before = (plan / "industrial-parks.gpkg").read_bytes()
    path = f"{url}/collections/industrial-parks/items"
    form = b'{"type":"Feature","geometry":null,"properties":{}}'
    foreign = {"Content-Type": kind, "Origin": "https://evil.example"}
    assert httpx.post(path, content=form, headers=foreign).status_code == 403
    # a browser that states no origin still cannot send JSON from a form
    assert httpx.post(path, content=form, headers={"Content-Type": kind}).status_code == 415
    good = {"Content-Type": "application/geo+json", "Origin": "https://evil.example"}
    assert httpx.post(path, content=form, headers=good).status_code == 403
    assert httpx.delete(f"{path}/IP-1", headers=foreign).status_code == 403
    assert (plan / "industrial-parks.gpkg").read_bytes() == before
    assert "set-cookie" not in httpx.get(url).headers


def test_threat_18_a_key_in_the_address_is_taken_off_it(other_sites: Guarded) -> None:
    secret = other_sites.secrets["viewer"]
    items = "/collections/industrial-parks/items?limit=1&token="
    page = other_sites.get(items + secret)
    assert page.status_code == 200, page.text
    assert secret not in page.text
    assert "token" not in page.text
    assert other_sites.get(items + "gpk_wrong").status_code == 401
    upper = other_sites.get(items.replace("token", "TOKEN") + secret)
    assert upper.status_code == 200
    schemes = other_sites.get("/openapi.json", "viewer").json()["components"]["securitySchemes"]
    assert {one["type"] for one in schemes.values()} == {"http", "apiKey"}
    assert schemes["token"]["in"] == "query"


def test_threat_18_too_much_is_429_and_says_when(
    serve: Serve, tmp_path: Path, town_dir: Path
) -> None:
    plan = Path(shutil.copytree(town_dir, tmp_path / "town"))
    with closing(Guarded(plan, serve, rate_limit=0.5, rate_burst=5)) as found:
        _ask_too_often(found)


def _ask_too_often(found: Guarded) -> None:
    answers = [found.get("/conformance", "viewer") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert answers[-1].headers["retry-after"] in ("1", "2")
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert found.get("/conformance", "editor").status_code == 200  # each key has its own
    guesses = [found.get("/conformance", f"gpk_{n}").status_code for n in range(6)]
    assert guesses == [401] * 5 + [429]
    assert found.get("/conformance", "editor").status_code == 200


def test_the_definition_tells_of_keys(guarded: Guarded, client: httpx.Client) -> None:
    told = guarded.get("/openapi.json", "viewer").json()
    assert told["security"] == [{"bearer": []}, {"header": []}]
    assert {} in told["paths"]["/health"]["get"]["security"]
    assert "401" in told["paths"]["/collections"]["get"]["responses"]
    assert "security" not in client.get("/openapi.json").json()
