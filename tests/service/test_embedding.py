"""The map for pages of others: a page of one frame, and oEmbed."""

from __future__ import annotations

import re
from html import unescape

import httpx


def test_embed_is_a_frame_of_the_map(client: httpx.Client) -> None:
    answer = client.get("/embed?check=true")
    assert answer.status_code == 200
    frame = re.search(r'<iframe src="([^"]+)"', answer.text)
    assert frame is not None
    assert unescape(frame[1]) == "map?check=true#embed=1"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert client.get("/embed?check=perhaps").status_code == 400
    assert client.get("/embed?other=1").status_code == 400


def test_oembed_tells_how_to_embed(client: httpx.Client) -> None:
    base = str(client.base_url).rstrip("/")
    asked = {"url": f"{base}/map?check=true#12/41/123", "maxwidth": "500", "maxheight": "9"}
    found = client.get("/oembed", params=asked).json()
    assert (found["version"], found["type"]) == ("1.0", "rich")
    assert (found["width"], found["height"]) == (500, 200)
    source = re.search(r'src="([^"]+)"', found["html"])
    assert source is not None
    address = unescape(source[1])
    assert address == f"{base}/embed?check=true"
    assert client.get(address).status_code == 200
    assert 'width="500"' in found["html"]


def test_oembed_refuses_what_is_not_here(client: httpx.Client) -> None:
    for url, status in (
        ("https://example.org/map", 404),
        (f"{str(client.base_url).rstrip('/')}/collections", 404),
        ("no address", 404),
    ):
        assert client.get("/oembed", params={"url": url}).status_code == status
    assert client.get("/oembed", params={"format": "xml"}).status_code == 400
    for side in ("0", "-1", "4001", "4001x", "x", "99999", "¹"):
        assert client.get("/oembed", params={"maxwidth": side}).status_code == 400
