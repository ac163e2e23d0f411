"""A page to HTML: one file, no script, nothing from outside its folder; equal pages give equal bytes."""

import base64
import hashlib
import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pvdbench.report.page import Page
from pvdbench.tables.table import decimal, spans

_ENV = Environment(
    loader=PackageLoader("pvdbench.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(page: Page) -> str:
    """The report as HTML.

    Its Content-Security-Policy allows the one style sheet, by its hash, and images; nothing else loads or runs.
    """
    style = _ENV.get_template("page.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _ENV.get_template("page.html.j2").render(page=page, style=Markup(style), style_hash=f"sha256-{digest}")


def _label(text: str) -> Markup:
    """A label; what follows an underscore is a subscript, as in the paper."""
    return Markup(re.sub(r"_([A-Za-z0-9]+)", r"<sub>\1</sub>", str(escape(text))))


def _decibels(value: float) -> str:
    """A signed difference; an en dash where it is unknown."""
    return decimal(value, 2, signed=True)


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


_ENV.filters |= {"label": _label, "decibels": _decibels, "duration": _duration, "spans": spans}
