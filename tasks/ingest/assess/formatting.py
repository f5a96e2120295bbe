"""Values as a page shows them: numbers with thousands, text with visible marks and limits."""

from __future__ import annotations

import json
import unicodedata

from markupsafe import Markup

HIDDEN = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
}  # control, format (also what turns text around), no character at all
SIGNS = {"\t": "\\t", "\r": "\\r", "\n": "\\n"}


def number(value: float | None, unknown: str = "") -> str:
    """`12,345` or `0.0123`; `unknown` for None."""
    if value is None:
        return unknown
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(share: float | None, unknown: str = "") -> str:
    """`12.3 %`."""
    return unknown if share is None else f"{100 * share:.1f} %"


def visible(text: str, most: int = 160) -> Markup:
    """The text, escaped, cut after `most` characters, with a sign for each invisible one."""
    cut = text if len(text) <= most else text[:most] + "…"
    return Markup("").join(map(_visible, cut))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    code = ord(character)
    sign = SIGNS.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return Markup('<span class="sign">{}</span>').format(sign)


def flat(settings: dict, before: str = "") -> list[tuple[str, str]]:
    """Nested settings as `split.method`, `"temporal"`."""
    rows: list[tuple[str, str]] = []
    for name, value in settings.items():
        nested = isinstance(value, dict) and value
        rows += (
            flat(value, f"{before}{name}.")
            if nested
            else [(before + name, json.dumps(value, ensure_ascii=False, default=str))]
        )
    return rows
