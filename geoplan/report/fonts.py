"""The font that Chinese is set in: one that is installed, by name; never empty boxes."""

from __future__ import annotations

from functools import cache

from geoplan.errors import FontMissing

KNOWN = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC", "Source Han Serif SC",
    "Microsoft YaHei", "SimSun", "SimHei", "PingFang SC", "Songti SC", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "AR PL UMing CN", "FangSong", "KaiTi",
)  # fmt: skip


@cache
def chinese_font() -> str:
    """Return the name of an installed font with Chinese characters.

    Raises
    ------
    FontMissing
        There is none of those that are known to have them.
    """
    import typst

    there = set(typst.Fonts(include_system_fonts=True).families())
    found = next((one for one in KNOWN if one in there), None)
    if found is None:
        raise FontMissing(
            "no font with Chinese characters is installed, so that a PDF cannot be set: install "
            f"one of {', '.join(KNOWN[:4])} (Debian: apt install fonts-noto-cjk)"
        )
    return found
