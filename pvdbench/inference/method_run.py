"""What a row does in its method's own process: load the method and run it over the copies that it is handed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pvdbench.core.device import compute_device
from pvdbench.core.errors import MethodError
from pvdbench.inference.deblur import deblur_clips
from pvdbench.inference.motion import estimate_clips
from pvdbench.methods.card import Task, read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.command import CommandMethod
from pvdbench.methods.interface import Loadable
from pvdbench.methods.isolated_process import Progress
from pvdbench.methods.loading import is_upper_bound, load_deblurrer, load_motion_estimator, load_with


@dataclass(frozen=True)
class MethodRun:
    """One row, as its process is told of it: no path of the data set or of the study is in it.

    Attributes:
        row: its name.
        methods: the folder that holds the method.
        weights: name to file.
        clips: copies of the blurry frames, and of the sharp ones where truth says so; all of the row, or a share.
        first: the first frames of the row's first clip, for the warm-up.
        log: where a program's output goes.
        threads: on the CPU.
        truth: whether the row is an upper bound, which sees the sharp frames.
    """

    task: Task
    row: str
    methods: Path
    method: str
    weights: Mapping[str, Path]
    options: Mapping[str, Any]
    clips: tuple[Clip, ...]
    first: Clip
    log: Path
    threads: int
    truth: bool


def run_method(run: MethodRun, give: Progress) -> None:
    """Load the method and run it.

    Args:
        give: takes the bytes of each frame, and after each clip what it cost; it is called without any to say that it
            goes on.
    """
    compute = _loaded_deblurrer(run) if run.task == "deblur" else _loaded_estimator(run)
    give()
    compute(run.row, run.clips, give, first=run.first)


def _loaded_deblurrer(run: MethodRun) -> Callable[..., None]:
    method = load_deblurrer(run.methods, run.method)
    if isinstance(method, CommandMethod):
        method.log = run.log
    _load(run, method)
    if is_upper_bound(read_card(run.methods, run.method), run.method, method) and not run.truth:
        raise MethodError(f"{run.method}: its class sets upper_bound, and its weights do not say that they see the "
                          "truth: no table would mark it; write `upper_bound: true` in method.yaml")  # fmt: skip
    return partial(deblur_clips, method)


def _loaded_estimator(run: MethodRun) -> Callable[..., None]:
    method = load_motion_estimator(run.methods, run.method)
    _load(run, method)
    return partial(estimate_clips, method)


def _load(run: MethodRun, method: Loadable) -> None:
    load_with(method, run.method, compute_device(run.threads), run.weights, run.options)
