"""The process ``report`` in the service: a document to download, in the form that is asked for."""

from __future__ import annotations

import httpx
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
