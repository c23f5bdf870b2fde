"""Opens a page in Chromium with the network cut, and measures what a planner feels."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

LEAFLET = Path(__file__).parents[2] / "geoplan" / "webmap" / "web" / "leaflet"
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")

READY = {
    "geoplan": (
        """[...document.querySelectorAll('canvas.geoplan-tile')].some((one) => one.width > 300)
        || document.querySelector('path.leaflet-interactive')""",
        """geoplan.app && [...geoplan.app.planMap.groups.values()].every(({ shown }) =>
        !shown || (shown.size && ![...shown.values()].some((one) => one.asked)))""",
    ),
    "folium": (
        "document.querySelector('path.leaflet-interactive')",
        "document.querySelectorAll('path.leaflet-interactive').length >= COUNT",
    ),
    "maplibre": (
        "window.bench && bench.isStyleLoaded() && bench.queryRenderedFeatures().length > 0",
        "window.bench && bench.loaded() && bench.areTilesLoaded()",
    ),
}
READY["explore"] = READY["folium"]
"""When a page shows its first data, and when all of it: looked at after each frame."""

WATCH = """(() => {
    window.seen = {};
    const look = () => {
        for (const [name, test] of Object.entries(TESTS)) {
            if (seen[name] || (name === 'complete' && !seen.first)) continue;
            let is = false;
            try { is = Boolean(test()); } catch { is = false; }
            // it is on the screen when the next frame begins
            if (!is) continue;
            seen[name] = -1;
            requestAnimationFrame(() => { seen[name] = performance.now(); });
        }
        if (!(seen.complete > 0)) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""

FRAMES = """() => {
    window.frames_ms = [];
    let before = performance.now();
    window.panning = true;
    const frame = () => {
        const now = performance.now();
        frames_ms.push(now - before);
        before = now;
        if (window.panning) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""

ASK = """async () => {
    const layer = geoplan.app.index.layers.get('industrial-park');
    const worst = async (questions) => {
        let most = 0;
        for (const question of questions) {
            const before = performance.now();
            await question();
            most = Math.max(most, performance.now() - before);
        }
        return most;
    };
    const search = (text) => () => layer.engine.search(text, { names: ['name', 'name_en'] });
    const filter = (...all) => () => layer.engine.filter(all);
    return {
        search_ms: await worst(
            ['Parcel 77', '地块 1', '1', 'p199', 'forest', 'nowhere'].map(search)),
        filter_ms: await worst([
            filter({ column: 'year', min: 2020, max: 2030 }),
            filter({ column: 'status', in: ['built', 'planned'] }),
            filter({ column: 'area_ha', min: 0.5, max: 2 }, { column: 'use', in: ['forest'] }),
            filter(),
        ]),
    };
}"""


def measure(
    who: str, page: Path, count: int, limit_s: float, maplibre: Path | None
) -> dict[str, Any]:
    """Return what opening, panning, searching and filtering a page costs."""
    args = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    if who == "maplibre":
        args += ["--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader"]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        try:
            return _measure(browser, who, page, count, limit_s, maplibre)
        finally:
            browser.close()


def _measure(
    browser: Browser, who: str, page: Path, count: int, limit_s: float, maplibre: Path | None
) -> dict[str, Any]:
    tab = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    asked: list[str] = []

    def answer(route: Route) -> None:
        address = route.request.url
        name = address.rpartition("/")[2]
        if address == page.as_uri():
            route.continue_()
            return
        asked.append(address)
        served = LEAFLET / name if name.startswith("leaflet.") else maplibre and maplibre / name
        if served and served.is_file():
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            route.fulfill(path=served, content_type=kind)
        else:
            route.fulfill(body="")

    tab.route("**/*", answer)
    tests = ", ".join(
        f"{name}: () => ({test.replace('COUNT', str(count))})"
        for name, test in zip(("first", "complete"), READY[who], strict=True)
    )
    tab.add_init_script(WATCH.replace("TESTS", f"{{{tests}}}"))
    tab.set_default_timeout(limit_s * 1000)
    before = cpu_s()
    tab.goto(page.as_uri(), wait_until="commit")
    end = time.monotonic() + limit_s
    while not tab.evaluate("() => Boolean(window.seen && seen.complete > 0)"):
        if time.monotonic() > end:
            raise TimeoutError(f"not complete in {limit_s:.0f} s")
        time.sleep(0.1)
    opened = cpu_s() - before
    seen = tab.evaluate("window.seen")
    time.sleep(1)
    told = {
        "requests": len([one for one in asked if not one.startswith(("data:", "blob:"))]),
        "mb": page.stat().st_size / 1e6,
        "first_ms": seen["first"],
        "complete_ms": seen["complete"],
        "open_cpu_s": opened,
        **pan(tab),
    }
    return {**told, **(tab.evaluate(ASK) if who == "geoplan" else {})}


def pan(tab: Page) -> dict[str, float]:
    """Drag the map to and fro, and take the times between frames."""
    tab.mouse.move(800, 400)
    tab.evaluate(FRAMES)
    for way in (-1, 1, -1):
        tab.mouse.move(800 - way * 150, 400)
        tab.mouse.down()
        for step in range(30):
            tab.mouse.move(800 - way * 150 + way * 10 * step, 400 + 3 * step)
            time.sleep(0.012)
        tab.mouse.up()
        time.sleep(0.3)
    frames = sorted(tab.evaluate("() => { window.panning = false; return frames_ms; }"))
    return {"pan_p95_ms": frames[int(0.95 * (len(frames) - 1))], "pan_worst_ms": frames[-1]}


def cpu_s() -> float:
    """Return the CPU that the browsers below this process have used, all their processes."""
    return sum(_spent(pid) for pid in _below(os.getpid()) if _is_browser(pid))


def _below(parent: int) -> list[int]:
    found: list[int] = []
    for path in (_PROC / str(parent) / "task").glob("*/children"):
        for child in map(int, path.read_text(encoding="ascii").split()):
            found += [child, *_below(child)]
    return found


def _is_browser(pid: int) -> bool:
    try:
        return b"chrom" in (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def _spent(pid: int) -> float:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
