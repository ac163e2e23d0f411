"""Work that other processes do in the folder of whoever asks for it."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_this_folder(work: Callable[[Job], Result]) -> Callable[[Job], Result]:
    """Make work that runs in the folder that is the present one now, whatever process runs it.

    Worker processes outlive a call, and would look for relative paths where the caller was when they began.
    """
    return partial(_in_folder, Path.cwd(), work)


def _in_folder(folder: Path, work: Callable[[Job], Result], job: Job) -> Result:
    os.chdir(folder)
    return work(job)
