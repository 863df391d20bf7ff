"""Numbers and names as the page prints them: Jinja filters of the report's templates (rule ``render_report``)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from rbcflow.core import names
from rbcflow.runtime.origin import meaning

MISSING = "–"


def ratio(value: float | None, digits: int = 3) -> str:
    """Return a number in fixed digits, or a dash where there is none."""
    return MISSING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 1) -> str:
    """Return a difference with its sign in fixed digits, 0 without one, or a dash where there is none."""
    if value is None:
        return MISSING
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "\N{MINUS SIGN}") if rounded else f"{0:.{digits}f}"


def with_interval(row: dict[str, Any], name: str) -> str:
    """Return a number of a table's row with its interval, all as text, or a dash where there is none."""
    if not row[name]:
        return MISSING
    value, low, high = (float(text) if text else None for text in (row[name], row[f"{name}_low"], row[f"{name}_high"]))
    return ratio(value) if low is None else f"{ratio(value)} ({ratio(low, 2)} to {ratio(high, 2)})"


def number(text: str, digits: int = 2) -> str:
    """Return a table's text of a number in fixed digits, or a dash where there is none."""
    return ratio(float(text), digits) if text else MISSING


def count(value: float | None) -> str:
    """Return a whole number with commas between thousands, or a dash."""
    return MISSING if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Return a share of 0..1 in percent with one decimal, or a dash."""
    return MISSING if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def duration(seconds: float | None) -> str:
    """Return seconds as a person says them: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plural(n: int, singular: str, many: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{count(n)} {singular if n == 1 else many or singular + 's'}"


def short(digest: str | None) -> Markup:
    """Return the first twelve signs of a digest, the whole of it in the tooltip, or a dash."""
    if not digest:
        return Markup(MISSING)
    text = str(digest)
    return Markup('<code class="hash" title="{}">{}</code>').format(text, text[:12])


def code_value(value: Any) -> str:
    """Return a parameter as compact JSON; plain text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def breakable(text: Any) -> Markup:
    """Return an identifier that may be broken after ``/``, ``_`` and ``-``, isolated from the text's direction."""
    safe = str(escape(text))
    for sign in "/_-":
        safe = safe.replace(sign, f"{sign}<wbr>")
    return Markup(f"<bdi>{safe}</bdi>")


_ID = re.compile(
    r"\b(?:[a-z][a-z0-9_]*-on-[a-z0-9_]+(?:-at-[a-z]+)?|[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+\d+|random|naples)\b"
)
"""What may be an id: it has an underscore or a number, or is one of two plain words."""


def named(text: str) -> str:
    """Return a sentence with the ids of models, test sets, sources and numbers in it as a reader knows them."""

    def said(found: re.Match[str]) -> str:
        name = found[0]
        return names.METRICS[name] if name in names.METRICS else names.shown(name) if names.known(name) else name

    return _ID.sub(said, text)


def figures(text: str) -> str:
    """Return a table's text of a number in three significant digits with a true minus; other text stays."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}") if abs(value) < 1000 else f"{value:,.0f}"


def origin_word(origin: str) -> str:
    """Return what an origin is called on a badge."""
    return names.ORIGINS.get(origin, origin)


def lower_first(text: str) -> str:
    """Return text with a small first letter."""
    return text[:1].lower() + text[1:]


FILTERS: dict[str, Callable[..., Any]] = {
    "ratio": ratio,
    "with_interval": with_interval,
    "number": number,
    "count": count,
    "percent": percent,
    "signed": signed,
    "duration": duration,
    "plural": plural,
    "short": short,
    "code_value": code_value,
    "breakable": breakable,
    "meaning": meaning,
    "shown": names.shown,
    "named": named,
    "figures": figures,
    "origin_word": origin_word,
    "lower_first": lower_first,
    "class_word": lambda name: names.CLASSES.get(name, name),
}
