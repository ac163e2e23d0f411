"""The stage `figures`: the registry of figures, drawn from frames, flow, scores and training logs, with captions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pvdbench.analysis.scores import read_scores
from pvdbench.analysis.skipped import read_skipped
from pvdbench.figures import blur_curve, blurriness, examples, protocols, training, warp
from pvdbench.figures.deblur import qualitative_pictures
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture, write_pictures
from pvdbench.io.atomic import replaced_folder
from pvdbench.networks.params import NetworkParams
from pvdbench.study.shown_rows import check_figures
from pvdbench.study.table_params import TableParams
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
    check_figures(params)
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
