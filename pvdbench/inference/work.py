"""What runs in a row's own process: its method made ready, then its frames or its flow."""

from collections.abc import Callable, Mapping
from typing import Any

from pvdbench.contract.card import Task
from pvdbench.contract.command import CommandMethod
from pvdbench.contract.folder import get_ready, load_deblurrer, load_motion_estimator
from pvdbench.contract.watch import Beat
from pvdbench.core.cost import measured_cost
from pvdbench.core.device import compute_device
from pvdbench.inference.attempt import Attempt
from pvdbench.inference.deblurring import run_deblurring
from pvdbench.inference.warping import run_motion


def _deblur(run: Attempt, beat: Beat) -> None:
    method = load_deblurrer(run.methods, run.method)
    if isinstance(method, CommandMethod):
        method.log = run.log
    device = compute_device(run.threads)
    get_ready(method, run.methods, run.method, device, trained=run.trained, given=run.given, options=run.options)
    beat()
    with measured_cost(run.cost, run.stage) as facts:
        facts |= run_deblurring(method, run.row, run.dataset, run.out, beat=beat)


def _flow(run: Attempt, beat: Beat) -> None:
    method = load_motion_estimator(run.methods, run.method)
    device = compute_device(run.threads)
    get_ready(method, run.methods, run.method, device, trained=run.trained, given=run.given, options=run.options)
    beat()
    with measured_cost(run.cost, run.stage) as facts:
        facts |= run_motion(method, run.row, run.dataset, run.out, beat=beat)


WORK: Mapping[Task, Callable[[Attempt, Beat], Any]] = {"deblur": _deblur, "motion": _flow}
