"""Figures like Fig. 1, 6, 7, 8 and 9: chosen frames of several rows side by side, two boxes of each zoomed in."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pvdbench.analysis.scores import Scores
from pvdbench.core.errors import ParamsError, choices
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.figures.choose_frames import best_frames
from pvdbench.figures.deblur import DeblurExample
from pvdbench.figures.flow import FlowExample
from pvdbench.figures.inputs import FigureInputs, comparable
from pvdbench.figures.style import Picture
from pvdbench.scoring.protocol import Task
from pvdbench.study.table_params import ComparisonParams, ExampleParams

_EXAMPLES: dict[Task, type[FlowExample] | type[DeblurExample]] = {"motion": FlowExample, "deblur": DeblurExample}
_TITLES = {"motion": "Motion estimation, as Fig. 6", "deblur": "Deblurring, as Fig. 7"}
_SHOWS_ONE = "One frame; two boxes of it, zoomed in, for each row. "
_SHOWS = {
    "motion": "Sharp frame t - 1 warped by the flow that each method estimated between the blurry frames; beneath, "
    "two boxes zoomed in and the flow itself. ",
    "deblur": "Three consecutive frames; two boxes of each, zoomed in, for every row of Table 2. ",
}


def pictures(inputs: FigureInputs) -> Iterator[Picture]:
    """Draw motion estimation, deblurring and every comparison that params.yaml names."""
    figures, rows = inputs.params.figures, inputs.params.deblur_labels
    yield from _examples(inputs, "motion", figures.flow, inputs.params.table1, inputs.motion, "motion")
    for name, example in {"deblur": figures.deblur, **figures.compare}.items():
        yield from _examples(inputs, "deblur", example, rows, inputs.deblur, name)


def _examples(
    inputs: FigureInputs, task: Task, example: ExampleParams, labels: dict[str, str], scores: Scores, name: str
) -> Iterator[Picture]:
    if not comparable(example, scores):
        return
    better, worse = scores[example.better]["psnr_db"], scores[example.worse]["psnr_db"]
    gain = (better - worse)[np.isfinite(better) & np.isfinite(worse)]  # a frame equal to the truth shows no blur
    identical = len(better) - len(gain)
    left_out = f" {identical} frames identical to the truth were no candidates." if identical else ""
    clips, dataset = inputs.clips, inputs.dataset
    shown = [_given(example.frame, clips)] if example.frame else best_frames(gain, example.count)
    one = isinstance(example, ComparisonParams)
    kind = f"Deblurring, as {example.like}" if isinstance(example, ComparisonParams) else _TITLES[task]
    for number, (video, frame) in enumerate(shown, start=1):
        file = f"{dataset}-{name}-{number}.png"
        source = inputs.study / "data" / task / dataset
        size = _EXAMPLES[task](clips[video], frame, source, labels, scores, example).draw(inputs.folder / file)
        title = f"{kind}: {dataset}, {video}, frame {frame}"
        alt = f"{title}: {', '.join(labels[row] for row in example.rows)} and the truth side by side"
        caption = (_SHOWS_ONE if one else _SHOWS[task]) + _rule(example, labels, video, gain.get((video, frame)))
        yield Picture(file, dataset, title, caption + left_out, alt, *size, "figures")


def _given(frame: Sequence[str], clips: Mapping[str, ClipFiles]) -> tuple[str, str]:
    """A clip and frame that parameters name.

    Raises:
        ParamsError: if the data set has no such frame.
    """
    video, name = frame
    if video not in clips or name not in {files.name for files in clips[video].frames}:
        raise ParamsError(
            f"params.yaml: tables.figures: frame: there is no frame '{name}' of a clip '{video}'; name a "
            f"clip of {choices(clips)} and one of its frames"
        )
    return video, name


def _rule(example: ExampleParams, labels: Mapping[str, str], video: str, gain: float | None) -> str:
    """How frame and boxes were chosen, in words."""
    if example.frame:
        frame = "The frame was named in params.yaml"
    else:
        frame = (
            f"Chosen by rule: the frame of {video} where {labels[example.better]} gains most over "
            f"{labels[example.worse]} ({gain:+.2f} dB)"
        )
    boxes = ", and so were the boxes." if example.boxes else ", and the boxes where its error is smaller by most"
    best = "" if example.frame or example.boxes else "; so it shows the method at its best, not on average"
    return f"{frame}{boxes}{best}{'' if example.boxes else '.'}"
