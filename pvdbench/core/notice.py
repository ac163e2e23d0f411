"""Notices: what the user should know though nothing failed, one line each on stderr."""

import sys

from pvdbench.core.errors import one_line


def notice(text: str) -> None:
    """Say on stderr, in one line, what was decided or passed over; numbers are never changed without one."""
    print(one_line(f"pvdbench: {text}"), file=sys.stderr)
