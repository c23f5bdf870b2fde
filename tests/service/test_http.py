"""HTTP as it should be: representations, languages, methods, slashes, hosts."""

from __future__ import annotations

import httpx
import pytest
from geoplan_api.frame import View, framed
from geoplan_api.html import tag
from geoplan_api.negotiation import HTML, JSON, choose
from geoplan_api.words import words

READS = [
    "/", "/conformance", "/openapi.json", "/api", "/health", "/collections",
    "/collections/highways", "/collections/highways/items", "/collections/highways/items/HW-1",
    "/processes", "/processes/overlap", "/map",
]  # fmt: skip
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("path", READS)
def test_every_read_answers_get_head_and_options(client: httpx.Client, path: str) -> None:
    got, told, options = client.get(path), client.head(path), client.options(path)
    assert (got.status_code, told.status_code, options.status_code) == (200, 200, 204)
    assert told.content == b""
    assert told.headers["content-type"] == got.headers["content-type"]
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "Accept" in got.headers["vary"]
    assert "server" not in got.headers


def test_execution_allows_post_alone(client: httpx.Client) -> None:
    assert client.options("/processes/overlap/execution").headers["allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("path", READS[1:])
def test_a_slash_at_the_end_leads_to_the_same(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{path}/?f=x")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{str(client.base_url).rstrip('/')}{path}?f=x"


@pytest.mark.parametrize("path", ["//evil.example/", "///evil.example//", "/\\evil.example/"])
def test_a_redirect_stays_in_the_house(client: httpx.Client, base: str, path: str) -> None:
    answer = client.send(httpx.Request("GET", base + path), follow_redirects=False)
    assert answer.headers.get("location", base).startswith(base)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.2, application/json;q=0.9", "application/json"),
        ("application/*", "application/json"),
        ("text/*;q=1, application/json;q=0.1", "text/html"),
        ("text/html;q=0, */*", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("image/png, */*;q=0.1", "application/json"),
        ("garbage", None),
        (";;,,", None),
        ("application/json;q=nan", None),
        ("image/png", None),
        ("application/json;q=0, text/html;q=0", None),
    ],
)
def test_accept_chooses(client: httpx.Client, accept: str | None, media_type: str | None) -> None:
    answer = client.get("/", headers={} if accept is None else {"Accept": accept})
    if media_type is None:
        assert answer.status_code == 406
        assert "application/json, text/html" in answer.json()["detail"]
    else:
        assert answer.headers["content-type"].split(";")[0] == media_type


def test_f_goes_before_accept() -> None:
    assert choose((JSON, HTML), "html", "application/json") is HTML
    assert choose((JSON, HTML), "json", BROWSER) is JSON


@pytest.mark.parametrize(
    ("header", "language", "title"),
    [
        (None, "zh-CN", "示例镇规划（虚构）"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "示例镇规划（虚构）"),
        ("en", "en", "Example town plan (synthetic)"),
        ("en-GB, zh;q=0.5", "en", "Example town plan (synthetic)"),
        ("fr, en;q=0.1", "en", "Example town plan (synthetic)"),
        ("fr", "zh-CN", "示例镇规划（虚构）"),
        ("zh;q=0, en;q=0.1", "en", "Example town plan (synthetic)"),
        ("*", "zh-CN", "示例镇规划（虚构）"),
        ("en;q=x,;;", "zh-CN", "示例镇规划（虚构）"),
    ],
)
def test_accept_language_chooses(
    client: httpx.Client, header: str | None, language: str, title: str
) -> None:
    answer = client.get("/", headers={} if header is None else {"Accept-Language": header})
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert answer.json()["title"] == title


def test_both_languages_reach_every_description(client: httpx.Client) -> None:
    for path in ("/collections", "/processes", "/openapi.json", "/", "/?f=html", "/api", "/map"):
        zh = client.get(path, headers={"Accept-Language": "zh"})
        en = client.get(path, headers={"Accept-Language": "en"})
        assert zh.text != en.text


def test_both_files_of_phrases_have_the_same_keys_and_blanks() -> None:
    import re

    zh, en = words("zh"), words("en")
    assert set(zh) == set(en)
    for key in zh:
        blanks = re.compile(r"\{(\w+)\}")
        assert sorted(blanks.findall(zh[key])) == sorted(blanks.findall(en[key])), key
        assert zh[key].strip()
        assert en[key].strip()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8000"])
def test_this_machine_may_be_asked(client: httpx.Client, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.json()["links"][0]["href"].lower() == f"http://{host}/".lower()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:80",
        "",
        "a@b",
        "[::2]",
        "[::1].evil.example",
        "[::1",
        "localhost:evil",
        "localhost:1:2",
    ],
)
def test_a_foreign_name_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_forwarding_header_changes_no_link(client: httpx.Client, base: str) -> None:
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "x"}
    for link in client.get("/", headers=told).json()["links"]:
        assert link["href"].startswith(base)


@pytest.mark.parametrize("path", ["/?f=html", "/api"])
def test_pages_fetch_nothing_and_run_nothing(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    page = answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.startswith("<!doctype html>")
    assert '<html lang="zh-CN">' in page
    for way in ("<script", "<style", "<img", "src=", "@import", "url("):
        assert way not in page


def test_the_landing_page_leads_everywhere(client: httpx.Client, base: str) -> None:
    import re

    page = client.get("/", headers={"Accept": BROWSER}).text
    found = {link.removeprefix(base) for link in re.findall(r'href="([^"]*)"', page)}
    wanted = {
        "/map", "/collections", "/processes", "/api", "/openapi.json", "/conformance", "/health",
        "/collections/highways", "/collections/highways/items",
    }  # fmt: skip
    assert wanted <= found
    # drawn once, in test_rule_pages: a check takes seconds
    for link in found - {"/map?check=true"}:
        if not link.startswith("/language?"):  # it would set a cookie: see test_pages
            assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_map_is_the_sealed_offline_page(client: httpx.Client) -> None:
    answer = client.get("/map?f=html", headers={"Accept-Language": "en"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="en">' in answer.text
    assert "Content-Security-Policy" in answer.text
    assert client.get("/map", headers={"Accept": BROWSER}).status_code == 200
    assert client.get("/map", headers={"Accept": "image/gif"}).status_code == 406


def test_markup_in_texts_is_inert() -> None:
    view = View("zh", "/<script>", "<script>", "</p><script>")
    link = {"rel": "next", "type": '"><script>', "href": '"><script>', "title": ""}
    page = framed(
        view,
        "</title><script>",
        tag("a", "<b>&", href='"><script>'),
        trail=[("<script>", '"><script>')],
        links=[link],
    )
    assert "<script>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_hostile_titles_are_inert_on_pages(serve: object, odd: object) -> None:
    from geoplan_api import create_app

    from geoplan.settings import Settings

    base = serve(create_app(odd, Settings()))  # type: ignore[operator, arg-type]
    for path in ("/?f=html", "/api"):
        page = httpx.get(base + path).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_health_reads_every_layer(client: httpx.Client) -> None:
    state = client.get("/health").json()
    assert state["status"] == "ok"
    assert state["plan"] == "town"
    assert state["features"] == {
        "industrial-parks": 4, "scenic-areas": 3, "river-remediation-zones": 2, "highways": 2,
        "gas-pipelines": 3,
    }  # fmt: skip
