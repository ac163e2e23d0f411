"""Pages of docs/ as the site shows them: MkDocs reads Markdown a little otherwise than Git hosts do."""

import re
from typing import Any

_FENCE = "```"
_COMMENT = re.compile(r"<!--.*?-->\n", re.DOTALL)
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")  # of docs/: a file that is no page of the site


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave comments out, which would hide the code beneath them, and links to files that the site does not have.

    What belongs to a list's entry is indented by two spaces here, and by four for MkDocs.
    """
    text = _OUTSIDE.sub(r"\1", _COMMENT.sub("", markdown))
    code, lines = False, []
    for line in text.splitlines():
        code ^= line.startswith(_FENCE)
        indent = len(line) - len(line.lstrip())
        lines.append(line if code else " " * indent + line)
    return "\n".join(lines)
