"""Web pages that come under an archive's name: quota pages, log-in pages, apologies."""

import html
import re

from pvdbench.core.errors import DataError

_MARKUP = re.compile(rb"^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def refuse_page(source: str, start: bytes, media_type: str = "") -> None:
    """Raise if a file that should be an archive is a web page.

    Args:
        source: where it came from, for the message.
        start: its first bytes.
        media_type: the Content-Type that came with it, if any.

    Raises:
        DataError: with the page's title.
    """
    if not (_MARKUP.match(start) or media_type.split(";")[0].strip() == "text/html"):
        return
    title = page_title(start) or "without a title"
    raise DataError(f"{source}: expected an archive, got a web page: '{title}' (a quota or a log-in, as a rule)")


def page_title(start: bytes) -> str:
    """The title of a web page; empty where there is none."""
    found = _TITLE.search(start.decode("utf-8", "replace"))
    return " ".join(html.unescape(found[1]).split()) if found else ""
