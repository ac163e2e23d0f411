"""Notices: what the user should know though nothing failed, one line each on stderr, clear of progress bars."""

import sys
import traceback

from pvdbench.core.errors import one_line


def notice(text: str) -> None:
    """Say on stderr, in one line, what was decided or passed over; numbers are never changed without one."""
    from tqdm import tqdm  # here, as few commands have something to say and importing it takes 60 ms

    with tqdm.external_write_mode(file=sys.stderr):  # beside a progress bar, not in it
        print(one_line(f"pvdbench: {text}"), file=sys.stderr)


def close_progress_bars(error: BaseException | None) -> None:
    """End the line of each bar that error left open, so that what is printed next has a line of its own.

    A loop over a bar ends it when its frame is cleared, which the traceback holds back for as long as error is handled.
    """
    while error:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
