"""The stage `figures`: the registry of figures, drawn from frames, flow, scores and training logs, with captions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pvdbench.analysis.scores import read_scores
from pvdbench.analysis.skipped import read_skipped
from pvdbench.core.errors import ParamsError
from pvdbench.figures import blur_curve, blurriness, examples, protocols, training, warp
from pvdbench.figures.deblur import qualitative_pictures
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture, write_pictures
from pvdbench.io.atomic import replaced_folder
from pvdbench.networks.params import NetworkParams
from pvdbench.study.table_params import ExampleParams, TableParams, WarpParams
from pvdbench.tables.inputs import read_context

FIGURES: tuple[Callable[[FigureInputs], Iterable[Picture]], ...] = (
    examples.pictures,
    warp.pictures,
    blur_curve.pictures,
    blurriness.pictures,
    protocols.pictures,
)
"""Each draws the figures of one data set; a picture's `part` is the report's heading that it stands under."""


_PAPERS = NetworkParams(volume="gray")


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
    _check(params)
    with replaced_folder(study / "reports" / "figures") as folder:
        pictures = [training.picture(study, params.table1 | params.deblur_labels, folder)]
        for dataset in datasets:
            inputs = _inputs(study, root, dataset, params, ranking, network or _PAPERS, folder)
            pictures += [picture for draw in FIGURES for picture in draw(inputs)]
        pictures += qualitative_pictures(study, root, params, folder)
        write_pictures(folder, pictures)


def _inputs(
    study: Path, root: Path, dataset: str, wanted: TableParams, ranking: str, network: NetworkParams, folder: Path
) -> FigureInputs:
    params = read_skipped(study, dataset, wanted).without(wanted)
    how: dict[str, Any] = {"protocol": params.protocol, "percent": params.percent}
    motion = read_scores(study, "motion", dataset, params.table1, **how)
    deblur = read_scores(study, "deblur", dataset, params.deblur_labels, **how)
    context = read_context(root, dataset, params, ranking=ranking)
    return FigureInputs(study, root, context, params, network, motion, deblur, folder)


def _check(params: TableParams) -> None:
    """Refuse a figure that is to show a row that its table does not have, before anything is drawn."""
    figures, deblur_rows = params.figures, params.deblur_labels
    _check_rows("flow", _rows(figures.flow), params.table1)
    _check_rows("deblur", _rows(figures.deblur), deblur_rows)
    for name, comparison in figures.compare.items():
        _check_rows(f"compare.{name}", _rows(comparison), deblur_rows)
    _check_rows("qualitative", figures.qualitative.rows, deblur_rows)
    if figures.warp:
        _check_warp(figures.warp, params)


def _rows(example: ExampleParams) -> tuple[str, ...]:
    return (*example.rows, example.better, example.worse)


def _check_rows(key: str, rows: Iterable[str], known: Iterable[str]) -> None:
    for row in rows:
        if row not in known:
            raise ParamsError(
                f"params.yaml: tables.figures.{key}: '{row}' is no row of its table; choose from {', '.join(known)}, "
                "or add it to the table"
            )


def _check_warp(warp: WarpParams, params: TableParams) -> None:
    known = {"motion": params.table1, "outputs": params.deblur_labels}
    for key, names in (("motion", [warp.motion]), ("outputs", list(warp.outputs.values()))):
        for name in names:
            if name not in known[key]:
                raise ParamsError(
                    f"params.yaml: tables.figures.warp.{key}: '{name}' is no row of the tables; choose from "
                    f"{', '.join(known[key])}, or add it to a table"
                )
    if "ideal" not in warp.outputs:
        raise ParamsError(
            "params.yaml: tables.figures.warp.outputs: there is no 'ideal'; name the row with the pixel volume under it"
        )
