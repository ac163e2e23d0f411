"""The stage `figures`: frames, flow, scores and training logs in, pictures and their captions out."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pvdbench.analysis.scores import Scores, read_scores
from pvdbench.analysis.skipped import read_skipped
from pvdbench.core.errors import ParamsError
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.figures.blur_curve import quantile_picture
from pvdbench.figures.blurriness import finite_frames, plot_blurriness
from pvdbench.figures.choose_frames import best_frames
from pvdbench.figures.deblur import DeblurExample
from pvdbench.figures.flow import FlowExample
from pvdbench.figures.protocols import lens_picture
from pvdbench.figures.qualitative import qualitative_pictures
from pvdbench.figures.style import Picture, write_pictures
from pvdbench.figures.training import plot_training
from pvdbench.figures.warp import warp_picture
from pvdbench.io.atomic import replaced_folder
from pvdbench.networks.params import NetworkParams
from pvdbench.scoring.protocol import Task
from pvdbench.study.table_params import ComparisonParams, ExampleParams, TableParams, WarpParams
from pvdbench.tables.captions import Context, read_context
from pvdbench.tables.protocols import read_lens

_EXAMPLES: dict[Task, type[FlowExample] | type[DeblurExample]] = {"motion": FlowExample, "deblur": DeblurExample}
_TITLES = {"motion": "Motion estimation, as Fig. 6", "deblur": "Deblurring, as Fig. 7"}
_PAPERS = NetworkParams(volume="gray")
_SHOWS_ONE = "One frame; two boxes of it, zoomed in, for each row. "
_SHOWS = {
    "motion": "Sharp frame t - 1 warped by the flow that each method estimated between the blurry frames; beneath, "
    "two boxes zoomed in and the flow itself. ",
    "deblur": "Three consecutive frames; two boxes of each, zoomed in, for every row of Table 2. ",
}


def build_figures(
    study: Path, root: Path, *, datasets: Sequence[str], params: TableParams, ranking: str,
    network: NetworkParams | None = None,
) -> None:  # fmt: skip
    """Write reports/figures below the study's folder, with figures.json for the report.

    Args:
        study: the folder with the study's data and reports.
        root: the repository's top, which holds the data sets.
        datasets: the test data sets.
        ranking: the protocol whose PSNR of the blurry frames ranked them.
        network: of the row with the pixel volume in the figure like Fig. 4; the paper's where there is none.

    Raises:
        DataError: naming the first file that is missing, damaged or does not fit the others.
        ParamsError: if a figure is to show a row that its table does not have.
        WriteError: if the disk is full.
    """
    every, deblur_rows = params, params.deblur_labels
    _check_rows("flow", _rows(params.figures.flow), params.table1)
    _check_rows("deblur", _rows(params.figures.deblur), deblur_rows)
    for name, comparison in params.figures.compare.items():
        _check_rows(f"compare.{name}", _rows(comparison), deblur_rows)
    _check_rows("qualitative", params.figures.qualitative.rows, deblur_rows)
    if params.figures.warp:
        _check_warp(params.figures.warp, params)
    with replaced_folder(study / "reports" / "figures") as folder:
        pictures = [_training(study, params.table1 | deblur_rows, folder)]
        for dataset in datasets:
            params = read_skipped(study, dataset, every).without(every)
            deblur_rows, context = params.deblur_labels, read_context(root, dataset, params, ranking=ranking)
            motion = _scores(study, "motion", dataset, params.table1, params)
            deblur = _scores(study, "deblur", dataset, deblur_rows, params)
            pictures += _examples("motion", study, root, dataset, params.figures.flow, params.table1, motion, folder)
            for name, example in {"deblur": params.figures.deblur, **params.figures.compare}.items():
                pictures += _examples("deblur", study, root, dataset, example, deblur_rows, deblur, folder, name=name)
            if (warp := params.figures.warp) and set(warp.outputs.values()) <= set(deblur):
                pictures.append(warp_picture(study, root, dataset, params, warp, network or _PAPERS, deblur, folder))
            if _comparable(params.figures.deblur, deblur):
                pictures.append(quantile_picture(context, params, deblur, folder))
                pictures.append(_blurriness(context, params, deblur, folder))
            pictures += [lens_picture(lens, folder) for lens in (read_lens(study, context, params),) if lens]
        pictures += qualitative_pictures(study, root, every, folder)
        write_pictures(folder, pictures)


def _rows(example: ExampleParams) -> tuple[str, ...]:
    return (*example.rows, example.better, example.worse)


def _check_rows(key: str, rows: Iterable[str], known: Iterable[str]) -> None:
    for row in rows:
        if row not in known:
            raise ParamsError(
                f"params.yaml: tables.figures.{key}: expected rows of its table, {', '.join(known)}, "
                f"got '{row}'; add it to the table or correct the name"
            )


def _comparable(example: ExampleParams, scores: Scores) -> bool:
    """Whether both rows that the figure compares have a result."""
    return example.better in scores and example.worse in scores


def _check_warp(warp: WarpParams, params: TableParams) -> None:
    known = {"motion": params.table1, "outputs": params.deblur_labels}
    for key, names in (("motion", [warp.motion]), ("outputs", list(warp.outputs.values()))):
        for name in names:
            if name not in known[key]:
                raise ParamsError(
                    f"params.yaml: tables.figures.warp.{key}: expected rows of the tables, {', '.join(known[key])}, "
                    f"got '{name}'; add it to the table or correct the name"
                )
    if "ideal" not in warp.outputs:
        raise ParamsError(
            "params.yaml: tables.figures.warp.outputs: expected the row with the pixel volume under 'ideal', got none; "
            "add it"
        )


def _scores(study: Path, task: Task, dataset: str, rows: Iterable[str], params: TableParams) -> Scores:
    return read_scores(study, task, dataset, rows, protocol=params.protocol, percent=params.percent)


def _examples(
    task: Task,
    study: Path,
    root: Path,
    dataset: str,
    example: ExampleParams,
    labels: dict[str, str],
    scores: Scores,
    folder: Path,
    *,
    name: str = "",
) -> list[Picture]:
    if not _comparable(example, scores):
        return []
    better, worse = scores[example.better]["psnr_db"], scores[example.worse]["psnr_db"]
    gain = (better - worse)[np.isfinite(better) & np.isfinite(worse)]  # a frame equal to the truth shows no blur
    identical = len(better) - len(gain)
    left_out = f" {identical} frames identical to the truth were no candidates." if identical else ""
    clips = {clip.video: clip for clip in read_clips(root / "data" / dataset, "test")}
    shown = [_given(example.frame, clips)] if example.frame else best_frames(gain, example.count)
    one = isinstance(example, ComparisonParams)
    kind = f"Deblurring, as {example.like}" if isinstance(example, ComparisonParams) else _TITLES[task]
    pictures = []
    for number, (video, frame) in enumerate(shown, start=1):
        file = f"{dataset}-{name or task}-{number}.png"
        source = study / "data" / task / dataset
        size = _EXAMPLES[task](clips[video], frame, source, labels, scores, example).draw(folder / file)
        title = f"{kind}: {dataset}, {video}, frame {frame}"
        alt = f"{title}: {', '.join(labels[row] for row in example.rows)} and the truth side by side"
        caption = (_SHOWS_ONE if one else _SHOWS[task]) + _rule(example, labels, video, gain.get((video, frame)))
        pictures.append(Picture(file, dataset, title, caption + left_out, alt, *size, "figures"))
    return pictures


def _given(frame: Sequence[str], clips: Mapping[str, ClipFiles]) -> tuple[str, str]:
    """A clip and frame that parameters name.

    Raises:
        ParamsError: if the data set has no such frame.
    """
    video, name = frame
    if video not in clips or name not in {files.name for files in clips[video].frames}:
        raise ParamsError(
            f"params.yaml: tables.figures: frame: expected a clip of {', '.join(clips)} and one of its frames, "
            f"got {video}, {name}; correct the names"
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


def _blurriness(context: Context, params: TableParams, scores: Scores, folder: Path) -> Picture:
    dataset, finite = context.dataset, finite_frames(scores)
    file = f"{dataset}-blurriness.svg"
    size = plot_blurriness({row: frames[finite] for row, frames in scores.items()}, params, folder / file)
    left_out = f" {(~finite).sum()} frames with an infinite PSNR are left out." if not finite.all() else ""
    caption = (
        f"Measured on {context.data} under the protocol {context.protocol}. Points are frames; lines join the means "
        f"of {params.figures.bins} groups of equally many frames.{left_out}"
    )
    title = f"PSNR against blurriness: {dataset}"
    return Picture(file, dataset, title, caption, f"{title}, a line for each row of Table 2", *size, "by-blur")


def _training(study: Path, labels: dict[str, str], folder: Path) -> Picture:
    size = plot_training(study, labels, folder / "training.svg")
    caption = (
        "The loss of every network that this study trained, step by step (light) and as a running mean. Losses of "
        "different kinds (Eq. 1, Eq. 2, true flow) have different scales."
    )
    return Picture("training.svg", "", "Training curves", caption, "Loss against step for every trained row", *size)
