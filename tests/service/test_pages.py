"""The pages: one family, asked for by browsers, whole without anything from elsewhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from geoplan_api import create_app
from geoplan_api.access_openapi import REFUSED
from geoplan_api.assets import assets
from geoplan_api.frame import View
from geoplan_api.job_pages import job_page, jobs_page
from geoplan_api.words import words

from geoplan import Catalogue
from geoplan.processes import PROCESSES
from geoplan.settings import Settings
from tests.service.conftest import Serve
from tests.service.test_http import BROWSER

ITEMS = "/collections/industrial-parks/items"
JSON_TOO = (
    "/",
    "/conformance",
    "/collections",
    "/collections/highways",
    "/collections/highways/queryables",
    "/collections/highways/sortables",
    "/collections/highways/schema",
    ITEMS,
    f"{ITEMS}?limit=2&sortby=-name",
    f"{ITEMS}/IP-2",
    "/functions",
    "/processes",
    "/processes/overlap",
    "/processes/site-check",
    "/processes/slope",
    "/rules",
    "/rules/HWY-01",
    "/jobs",
)
PAGES = (*JSON_TOO, "/api")
VOID = {"meta", "link", "br", "input"}
BLOCKS = {"div", "p", "ul", "ol", "table", "h1", "h2", "h3", "section", "form", "pre", "details"}


class Checker(HTMLParser):
    """Reads a page strictly: what HTML forbids, or helps nobody, is a fault."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag in BLOCKS and "p" in self.open:
            self.faults.append(f"<{tag}> in a <p>")
        if tag in ("a", "button", "input", "select", "textarea") and "a" in self.open:
            self.faults.append(f"<{tag}> in an <a>")
        self.tags.append((tag, {**given, "labelled": ("label" in self.open and "yes") or None}))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> where it is not open")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.faults.append(decl)

    def tags_with(self, attribute: str) -> list[dict[str, str | None]]:
        return [given for _, given in self.tags if attribute in given and "data-way" in given]

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [given for tag, given in self.tags if tag == name]


def _page(client: httpx.Client, path: str, lang: str = "zh") -> httpx.Response:
    answer = client.get(path, headers={"Accept": BROWSER, "Accept-Language": lang})
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    return answer


def _checked(text: str) -> Checker:
    found = Checker()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_html_for_everybody(client: httpx.Client, path: str, lang: str) -> None:
    page = _checked(_page(client, path, lang).text)
    assert page.faults == []
    assert len(set(page.ids)) == len(page.ids)
    assert [one["lang"] for one in page.all("html")] == ["zh-CN" if lang == "zh" else "en"]
    for landmark in ("header", "main", "footer", "h1", "title"):
        assert len(page.all(landmark)) == 1, landmark
    skip = page.all("a")[0]
    assert skip["href"] == "#main"
    assert all(one.get("scope") in ("row", "col") for one in page.all("th"))
    assert all(one.get("aria-label") for one in page.all("nav"))
    labels = {one.get("for") for one in page.all("label")}
    for name in ("input", "select", "textarea"):
        for one in page.all(name):
            hidden = one.get("type") == "hidden"
            assert hidden or one["labelled"] or one.get("id") in labels, one
    for one in page.all("a"):
        if (to := one.get("href") or "").startswith("#"):
            assert to[1:] in page.ids, to


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fetches_nothing_from_elsewhere_and_holds_no_code(
    client: httpx.Client, path: str
) -> None:
    answer = _page(client, path)
    page = _checked(answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.all("style") == page.all("img") == page.all("iframe") == page.all("base") == []
    for one in page.all("link"):
        if one["rel"] in ("stylesheet", "icon"):
            assert re.fullmatch(r"/assets/[0-9a-f]{16}/[a-z/.]+", str(one["href"]))
    for one in page.all("script"):
        local = re.fullmatch(r"/assets/[0-9a-f]{16}/[a-z/.]+", str(one.get("src")))
        assert local or one["type"] == "application/json"
        assert "script-src 'self'" in policy
    for _, given in page.tags:
        assert not [name for name in given if name.startswith("on") or name == "style"]


def test_our_styles_and_scripts_ask_for_nothing_elsewhere() -> None:
    own = {name: asset for name, asset in assets().items() if not name.startswith("leaflet/")}
    assert {"page.css", "map.js", "process.js", "icon.svg"} <= set(own)
    for name, asset in own.items():
        text = asset.body.decode()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|\burl\(", text), name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(", text
        ), name


@pytest.mark.parametrize("path", JSON_TOO)
def test_programs_get_json_and_browsers_a_page(client: httpx.Client, path: str) -> None:
    plain, any_, page = (
        client.get(path, headers=headers)
        for headers in ({}, {"Accept": "*/*"}, {"Accept": BROWSER})
    )
    assert "json" in plain.headers["content-type"]
    assert any_.headers["content-type"] == plain.headers["content-type"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    join = "&" if "?" in path else "?"
    forced = client.get(f"{path}{join}f=json", headers={"Accept": BROWSER})
    assert forced.headers["content-type"] == plain.headers["content-type"]
    shown = client.get(f"{path}{join}f=html", headers={"Accept": "application/json"})
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("path", [path for path in JSON_TOO if "functions" not in path])
def test_page_and_json_lead_to_each_other(client: httpx.Client, path: str) -> None:
    page = _checked(_page(client, path).text)
    (other,) = (
        one
        for one in page.all("link")
        if one["rel"] == "alternate" and str(one["href"]).endswith("f=json")
    )
    answer = client.get(str(other["href"]))
    assert answer.headers["content-type"] == other["type"]
    if "/queryables" in path or "/sortables" in path or "/schema" in path:
        return  # a JSON Schema has no links
    links = answer.json()["links"]
    back = [one["href"] for one in links if one["rel"] == "alternate" and "html" in one["type"]]
    assert len(back) == 1
    assert client.get(back[0]).headers["content-type"] == "text/html; charset=utf-8"


def test_a_held_page_is_not_sent_again_and_never_for_json(client: httpx.Client) -> None:
    for path in ("/", "/collections", "/collections/highways", ITEMS, f"{ITEMS}/IP-2"):
        tag = _page(client, path).headers["etag"]
        held = {"If-None-Match": tag, "Accept": BROWSER, "Accept-Language": "zh"}
        assert client.get(path, headers=held).status_code == 304
        for other in ({"Accept": "application/json"}, {"Accept-Language": "en"}):
            assert client.get(path, headers={**held, **other}).status_code == 200, path


def _rows(text: str) -> list[list[str]]:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body)
    return [
        [unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def test_features_are_told_as_people_read_them(client: httpx.Client) -> None:
    chinese, english = _page(client, ITEMS).text, _page(client, ITEMS, "en").text
    # the town's own words: examples/town/sources, geoplan/schema/common.toml
    assert _rows(chinese)[2] == ["IP-3", "南园", "South park", "规划", "设计", "1", "是"]
    assert _rows(english)[2] == ["IP-3", "南园", "South park", "planned", "design", "1", "yes"]
    assert "平面精度 (m)" in unescape(chinese)
    assert "Accuracy (m)" in unescape(english)
    assert "显示 4 个要素，共 4 个" in chinese


def test_what_is_not_known_is_a_dash(client: httpx.Client, served: tuple[Catalogue, str]) -> None:
    plan, base = served
    for layer in plan:
        answer = httpx.get(f"{base}/collections/{layer}/items")
        page = httpx.get(f"{base}/collections/{layer}/items?f=html")
        rows = {row[0]: row[1:] for row in _rows(page.text)}
        features = [feature["properties"] for feature in answer.json()["features"]]
        held = [name for name in features[0] if any(f[name] not in (None, "") for f in features)]
        schema = plan.schema(plan[layer])
        told = unescape(page.text.partition("本页各要素均无值的属性：")[2].partition("</p>")[0])
        for name in set(features[0]) - set(held):
            field = schema.field(name)
            assert (name if field is None else field.label.zh) in told.split("、")
        for feature in answer.json()["features"]:
            values = [feature["properties"][name] for name in held]
            for shown, value in zip(rows[str(feature["id"])], values, strict=True):
                assert (shown == "—") == (value in (None, "")), (layer, feature["id"], value)


def test_pages_of_features_are_turned_sorted_and_filtered(client: httpx.Client) -> None:
    seen, path = [], f"{ITEMS}?limit=3&sortby=-name"
    while path:
        text = _page(client, path).text
        seen += [row[0] for row in _rows(text)]
        following = re.search(r'<a href="([^"]*)" rel="next">', text)
        path = unescape(following[1]) if following else ""
    by_name = client.get(f"{ITEMS}?sortby=-name").json()["features"]
    assert seen == [feature["id"] for feature in by_name]
    assert "回到第一页" in text
    page = _checked(_page(client, f"{ITEMS}?limit=3&sortby=-name").text)
    assert [one["aria-sort"] for one in page.all("th") if "aria-sort" in one] == ["descending"]
    links = [unescape(str(one["href"])) for one in page.all("a")]
    assert f"{ITEMS}?limit=3&sortby=name" in links
    found = _page(client, f"{ITEMS}?filter=name LIKE '东%25'&limit=&sortby=&bbox=")
    assert [row[0] for row in _rows(found.text)] == ["IP-2"]
    assert 'value="name LIKE &#x27;东%&#x27;"' in found.text
    assert "没有符合条件的要素" in _page(client, f"{ITEMS}?filter=name = 'x'").text


def test_a_page_has_a_thousand_features_at_most(serve: Serve, odd: Catalogue) -> None:
    base = serve(create_app(odd, Settings()))
    path, counts = "/collections/many/items?limit=5000", []
    with httpx.Client(base_url=base) as own:
        while path:
            text = _page(own, path).text
            counts.append(len(_rows(text)))
            (box,) = (one for one in _checked(text).all("div") if one.get("class") == "map")
            drawn = own.get(str(box["data-source"])).json()["features"]
            assert [str(one["id"]) for one in drawn] == [row[0] for row in _rows(text)]
            following = re.search(r'<a href="([^"]*)" rel="next">', text)
            path = unescape(following[1]) if following else ""
    assert counts == [1000, 234]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("filter=name = ", "filter"),
        ("filter=nothing = 1", "nothing"),
        ("filter=" + "(" * 100, "filter"),
        ("sortby=nothing", "nothing"),
        ("limit=0", "limit"),
        ("bbox=1,2", "bbox"),
    ],
)
def test_a_wrong_question_is_told_on_the_page(client: httpx.Client, query: str, said: str) -> None:
    answer = _page(client, f"{ITEMS}?{query}")
    assert answer.status_code == 400
    page = _checked(answer.text)
    assert page.faults == []
    (told,) = (one for one in page.all("p") if one.get("role") == "alert")
    assert told["id"] == "filter-wrong"
    alert = unescape(answer.text.partition('role="alert">')[2].partition("</p>")[0])
    assert said in alert
    assert alert == client.get(f"{ITEMS}?{query}").json()["detail"]


def test_a_feature_says_where_it_comes_from_and_how_exact_it_is(client: httpx.Client) -> None:
    text = unescape(re.sub(r"<[^>]+>", " ", _page(client, f"{ITEMS}/IP-2", "en").text))
    shown = re.sub(r"\s+", " ", text)
    for said in (
        "East park",
        "Status under construction",
        "Geometry method design",
        "Accuracy 1 m",
        "Source of the layer Synthetic (2025-01-01)",
    ):
        assert said in shown
    unlocated = _page(client, f"{ITEMS}/IP-4", "en")
    assert "The position is not published." in unlocated.text
    assert 'class="map"' not in unlocated.text


def test_what_is_not_there_is_told_on_a_page(client: httpx.Client) -> None:
    for path in ("/nothing", f"{ITEMS}/none", "/collections/none", "/rules/NONE-01"):
        page = _page(client, path)
        assert page.status_code == 404
        assert _checked(page.text).faults == []
        assert unescape(page.text).count(client.get(path).json()["detail"]) == 1
    shared = client.get("/openapi.json").json()["components"]["responses"]
    # what stands before all routes knows no pages
    paged = [one for status, one in shared.items() if int(status) not in REFUSED]
    assert all("text/html" in one["content"] for one in paged)
    refused = client.delete("/collections", headers={"Accept": BROWSER})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


# --- the language


def test_the_language_chosen_is_kept(base: str) -> None:
    with httpx.Client(base_url=base, headers={"Accept-Language": "zh"}) as own:
        first = _checked(_page(own, "/collections?f=html").text)
        (switch,) = (one for one in first.all("a") if one.get("class") == "lang")
        answer = own.get(str(switch["href"]), follow_redirects=True)
        assert str(answer.url) == f"{base}/collections?f=html"
        assert answer.headers["content-language"] == "en"
        assert "Cookie" in answer.headers["vary"]
        assert own.get("/").json()["title"] == "Example town plan (synthetic)"
        own.get("/language?to=zh&back=/")
        assert own.get("/").headers["content-language"] == "zh-CN"


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nX: y", "evil",
     "/a b", "javascript:alert(1)"],
)  # fmt: skip
def test_the_way_back_is_a_path_of_this_service(client: httpx.Client, back: str) -> None:
    answer = client.get("/language", params={"to": "en", "back": back})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


def test_a_cookie_that_is_no_language_is_passed_over(client: httpx.Client) -> None:
    answer = client.get("/", headers={"Cookie": "geoplan-language=<script>; x=y"})
    assert answer.headers["content-language"] == "zh-CN"


# --- styles and scripts


def test_assets_are_kept_for_good_under_the_name_of_their_content(client: httpx.Client) -> None:
    page = _checked(_page(client, ITEMS).text)
    addresses = [str(one["href"]) for one in page.all("link") if one["rel"] == "stylesheet"]
    addresses += [str(one["src"]) for one in page.all("script")]
    assert len(addresses) == 4
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        kind = "text/css" if address.endswith("css") else "text/javascript"
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert client.get(address.replace("/assets/", "/assets/0")).status_code == 404
    start = addresses[0].rpartition("/")[0]
    for wrong in ("..%2F..%2Fapp.py", "../html.py", "none.js", "leaflet", ""):
        assert client.get(f"{start}/{wrong}", follow_redirects=True).status_code == 404


def test_colours_can_be_told_apart() -> None:
    """Text keeps 4.5 : 1 to its ground (WCAG 2.2, 1.4.3)."""
    css = assets()["page.css"].body.decode()
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    pairs = [(named[one], ground) for one in ("ink", "soft", "link", "wrong")
             for ground in ("#ffffff", named["ground"])]  # fmt: skip
    pairs += [("#ffffff", named["link"]), ("#ffffff", "#6b7885"), ("#5c3d00", "#fff6e5")]
    pairs += [(colour, "#ffffff") for colour in ("#b00020", "#7a4a00", "#35506b")]
    for text, ground in pairs:
        high, low = sorted((_luminance(text), _luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# --- processes and the definition


@pytest.mark.parametrize("name", list(PROCESSES))
def test_every_input_of_a_process_has_a_field_in_both_languages(
    client: httpx.Client, name: str
) -> None:
    described = client.get(f"/processes/{name}").json()
    for lang in ("zh", "en"):
        text = _page(client, f"/processes/{name}", lang).text
        page = _checked(text)
        assert page.faults == []
        assert len(set(page.ids)) == len(page.ids)
        fields = [one["data-name"] for one in page.tags_with("data-name")]
        # what a document is written as, its buttons say
        assert fields == [one for one in described["inputs"] if one != "format"]
        for field in fields:
            assert f"input.{field}" in words(lang), field
    required = {key for key, one in described["inputs"].items() if one["minOccurs"]}
    shown = {one["name"] for _, one in page.tags if "required" in one}
    assert shown == required


FAST = ("nearest", "site-check", "locate", "station", "along", "zonal-statistics",
        "zonal-classes", "profile", "layers", "overlap", "slope")  # fmt: skip


@pytest.mark.parametrize("name", FAST)
def test_the_example_of_a_process_runs_as_it_stands(client: httpx.Client, name: str) -> None:
    text = _page(client, f"/processes/{name}").text
    command = unescape(re.findall(r'<pre class="curl"[^>]*>(.*?)</pre>', text)[0])
    _, _, header, _, body, url = shlex.split(command)
    kind, _, value = header.partition(": ")
    answer = client.post(url, content=body, headers={kind: value})
    assert answer.status_code == 200, (command, answer.text)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
def test_curl_takes_the_example(client: httpx.Client) -> None:
    text = _page(client, "/processes/site-check").text
    command = unescape(re.findall(r'<pre class="curl"[^>]*>(.*?)</pre>', text)[0])
    answer = subprocess.run(
        ["bash", "-c", f"{command} --fail --silent"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(answer.stdout)["process"] == "site-check"


def test_the_commands_of_the_definition_run_as_they_stand(client: httpx.Client) -> None:
    text = _page(client, "/api").text
    commands = [unescape(one) for one in re.findall(r'<pre class="curl"[^>]*>(.*?)</pre>', text)]
    definition = client.get("/openapi.json").json()
    assert len(commands) == sum(len(one) for one in definition["paths"].values())
    for command in commands:
        program, *rest, url = shlex.split(command)
        assert program == "curl"
        if rest or url.endswith(("/map", "/health")) or "/jobs/" in url:
            continue  # run elsewhere: test_processes, test_http
        assert client.get(url).status_code in (200, 204), url


def test_the_definition_shows_every_parameter_and_schema(client: httpx.Client) -> None:
    text = unescape(_page(client, "/api", "en").text)
    definition = client.get("/openapi.json", headers={"Accept-Language": "en"}).json()
    for name in definition["components"]["schemas"]:
        assert f'id="schema-{name}"' in text
    used = json.dumps(definition["paths"])
    for name, parameter in definition["components"]["parameters"].items():
        assert parameter["description"] in text or f'parameters/{name}"' not in used


# --- jobs

JOB: dict[str, Any] = {
    "jobID": "</title><script>alert(1)</script>",
    "processID": "overlap",
    "type": "process",
    "status": "running",
    "progress": 40,
    "message": "<img src=x onerror=alert(1)>",
    "created": "2026-01-01T00:00:00Z",
    "links": [{"href": "/jobs/1?f=json", "rel": "alternate", "type": "application/json",
               "title": "JSON"}],
}  # fmt: skip


def test_a_job_has_a_page(client: httpx.Client) -> None:
    made = client.post(
        "/processes/layers/execution",
        json={"inputs": {}},
        headers={"Prefer": "respond-async", "Accept-Language": "en"},
    )
    assert made.status_code == 201
    path = httpx.URL(made.headers["location"]).path
    for address in (path, "/jobs"):
        page = _page(client, address, "en")
        assert page.status_code == 200
        assert _checked(page.text).faults == []
        assert made.json()["jobID"] in page.text
        assert 'href="/processes/layers"' in page.text
    assert client.delete(path).status_code == 200


@pytest.mark.parametrize("status", ["accepted", "running", "successful", "failed", "dismissed"])
def test_jobs_have_pages_of_the_same_family(status: str) -> None:
    view = View("en", "/jobs", "Plan", "Credit")
    job = {**JOB, "status": status}
    for text in (jobs_page({"jobs": [job], "links": []}, view), job_page(job, view)):
        page = _checked(text)
        assert page.faults == []
        assert page.all("script") == page.all("img") == []
        assert JOB["jobID"] in unescape(text)
        assert words("en")[f"job.{status}"] in text
        assert "40 %" in text
    assert JOB["message"] in unescape(text)
    assert "Look again" in text if status in ("accepted", "running") else "Look again" not in text
    assert "There are no jobs." in jobs_page({"jobs": [], "links": []}, view)
