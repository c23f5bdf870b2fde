"""Documents of the service, reports and figures: downloaded in the form that is asked for."""

from __future__ import annotations

import io
import json
import re
import time
from typing import Any

import docx
import httpx
import openpyxl
import pypdf
import pytest

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("inputs", "headers", "media_type", "start"),
    [
        ({"maps": 0}, {}, DOCX, b"PK"),
        ({"maps": 0, "format": "pdf"}, {}, "application/pdf", b"%PDF"),
        ({"maps": 0}, {"Accept": "application/pdf"}, "application/pdf", b"%PDF"),
    ],
)
def test_a_report_is_a_document(
    inputs: dict[str, object],
    headers: dict[str, str],
    media_type: str,
    start: bytes,
    client: httpx.Client,
) -> None:
    body = {"inputs": inputs}
    answer = client.post("/processes/report/execution", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.content.startswith(start)


MADE: list[tuple[str, dict[str, Any], str, bytes]] = [
    ("report", {"format": "pdf", "maps": 1, "lang": "en"}, "application/pdf", b"%PDF"),
    ("report", {"format": "docx", "maps": 1}, DOCX, b"PK"),
    ("figure", {"sheet": "atlas", "format": "pdf", "lang": "en"}, "application/pdf", b"%PDF"),
    ("figure", {"sheet": "conflict", "finding": "C01"}, "image/png", b"\x89PNG"),
    ("figure", {"check": False, "format": "svg"}, "image/svg+xml", b"<svg"),
]


@pytest.mark.parametrize(("process", "inputs", "media_type", "start"), MADE)
def test_a_job_leaves_a_document_to_download(
    process: str, inputs: dict[str, Any], media_type: str, start: bytes, client: httpx.Client
) -> None:
    body, later = {"inputs": inputs}, {"Prefer": "respond-async"}
    job = client.post(f"/processes/{process}/execution", json=body, headers=later)
    assert job.status_code == 201, job.text
    for _ in range(600):
        told = client.get(job.headers["location"]).json()
        if told["status"] not in ("accepted", "running"):
            break
        time.sleep(0.1)
    assert told["status"] == "successful", told
    assert told["progress"] == 100
    (results,) = [link for link in told["links"] if link["rel"].endswith("/results")]
    assert results["type"] == media_type
    answer = client.get(results["href"])
    assert answer.headers["content-type"] == media_type
    assert answer.content.startswith(start)
    name = f"{process}.{inputs.get('format', 'png')}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    if process == "figure" and media_type == "application/pdf":
        assert len(pypdf.PdfReader(io.BytesIO(answer.content)).pages) == 14  # conflicts of the town


@pytest.mark.parametrize(
    ("process", "names"),
    [("report", ("Word", "PDF", "Excel")), ("figure", ("PNG", "SVG", "PDF"))],
)
def test_the_page_offers_every_form(
    process: str, names: tuple[str, ...], client: httpx.Client
) -> None:
    """A button for each form; no field beside them that could say another."""
    accept = {"Accept": "text/html", "Accept-Language": "en"}
    page = client.get(f"/processes/{process}", headers=accept).text
    buttons = re.findall(r'<button[^>]*data-accept="([^"]+)"[^>]*>([^<]+)<', page)
    assert [text for _, text in buttons] == [f"Run and download {name}" for name in names]
    assert 'data-name="format"' not in page
    for kind, _ in buttons if process == "figure" else buttons[-1:]:
        body = {"inputs": {"check": False} if process == "figure" else {"maps": 0}}
        answer = client.post(
            f"/processes/{process}/execution", json=body, headers={"Accept": kind}, timeout=60
        )
        assert answer.headers["content-type"] == kind
    (address,) = re.findall(r'src="([^"]*process[^"]*[.]js)"', page)
    script = client.get(address).text
    for ending in ("docx", "pdf", "png", "svg", "xlsx"):
        assert f'"{ending}"]' in script


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        ({"sheet": "conflict"}, 422, "name it, such as C01"),
        ({"sheet": "conflict", "finding": "C99"}, 404, "no finding 'C99'"),
        ({"sheet": "atlas"}, 400, "it comes as pdf"),
        ({"sheet": "matrix", "check": False}, 422, "needs the check"),
        ({"version": "1999"}, 404, "keeps no version"),
        ({"version": "../.."}, 422, "/inputs/version"),
        ({"size_mm": [1, 1]}, 422, "/inputs/size_mm"),
        ({"paper": "A3", "dpi": 1200}, 422, "pixels at most"),
        ({"font": "/etc/passwd"}, 422, "/inputs/font"),
    ],
)
def test_wrong_figures_are_named(
    inputs: dict[str, Any], status: int, said: str, client: httpx.Client
) -> None:
    answer = client.post("/processes/figure/execution", json={"inputs": inputs})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def _run(client: httpx.Client, process: str, inputs: dict[str, Any]) -> httpx.Response:
    answer = client.post(
        f"/processes/{process}/execution", json={"inputs": inputs}, timeout=120,
        headers={"Accept": "*/*"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer


def test_map_report_workbook_and_api_have_the_same_figures(client: httpx.Client) -> None:
    """Asked of a server one after the other: numbers, counts and areas of table A."""
    checked = _run(client, "check", {"tables": ["A"]}).json()
    told = {
        row["number"]: "" if row["area_hm2"] is None else f"{row['area_hm2']:.4f}"
        for row in checked["tables"]["A"]
        if row["outcome"] != "not_checked"
    }
    assert len(told) > 10

    page = _run(client, "map", {"check": True}).text
    data = json.loads(re.findall(r'type="application/json" id="[^"]+">(.*?)</script>', page)[0])
    on_map = data["check"]
    assert list(dict.fromkeys(row["number"] for row in on_map["rows"])) == list(told)
    totals = checked["totals"]
    assert {key: on_map["totals"][key] for key in totals} == totals

    document = docx.Document(io.BytesIO(_run(client, "report", {"maps": 0}).content))
    tables = [[[cell.text for cell in row.cells] for row in one.rows] for one in document.tables]
    (table,) = (one for one in tables if one and "占用面积(hm²)" in one[0])
    at = table[0].index("占用面积(hm²)")
    in_report = {row[0]: row[at] for row in table[1:] if row[0].startswith("C")}
    assert in_report == told

    content = _run(client, "report", {"format": "xlsx"}).content
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    rows = list(book["A 位置关系"].iter_rows(min_row=3, values_only=True))
    number, area = rows[0].index("冲突编号"), rows[0].index("占用面积(hm²)")
    in_book = {
        str(row[number]): "" if row[area] is None else f"{row[area]:.4f}"
        for row in rows[1:]
        if str(row[number]).startswith("C")
    }
    assert in_book == told
