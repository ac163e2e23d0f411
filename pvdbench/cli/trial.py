"""pvdbench methods run: one method over one data set by itself, scored as a row would be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pvdbench.contract.card import read_card
from pvdbench.core.errors import MethodError
from pvdbench.inference.attempt import Attempt, attempt
from pvdbench.pipeline.study import Study
from pvdbench.protocols.deblurring import score_deblurring
from pvdbench.protocols.warping import score_warping
from pvdbench.tables.costs import read_cost
from pvdbench.tables.scores import means_line


def run_trial(study: Study, name: str, dataset: str, weights: Path | None) -> Iterator[str]:
    """Run and score; the files are data/trials/DATASET/NAME.

    Args:
        weights: in place of those that the card names.

    Yields: a line of scores, then one of what it took.
    Raises:
        MethodError: with the reason, if the method fails.
    """
    place, out = study.place_of(name), study.data("trials", dataset, name)
    task = read_card(place, name).task
    trial = Attempt(
        task, f"methods run {name} {dataset}", name, place, name, None, study.dataset(dataset), out / "frames",
        out / "cost.json", out / "program.log", study.params.threads, given=weights,
    )  # fmt: skip
    if reason := attempt(trial):
        raise MethodError(reason)
    protocols = study.params.protocols
    how: dict[str, Any] = {
        "dataset": dataset, "method": name, "protocols": protocols.names, "ranking": protocols.ranking
    }  # fmt: skip
    score = score_deblurring if task == "deblur" else score_warping
    score(study.dataset(dataset), out / "frames", out / "scores.csv", **how)
    yield means_line(out / "scores.csv", "deblur" if task == "deblur" else "flow", study.params.tables.protocol)
    cost = read_cost(out / "cost.json")
    time = "no time of its own" if (ms := cost["milliseconds_median"]) is None else f"{ms:.1f} ms a frame"
    yield f"{out}: {time}, frames of {cost['width']}x{cost['height']}, {cost['hardware']}"
