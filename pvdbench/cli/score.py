"""pvdbench score: frames on disk against the truth."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.group()
def score() -> None:
    """Score frames on disk against the truth."""


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def flow(dataset: str, row: str, folder: Path) -> None:
    """Score the warped frames of ROW of `motion` on DATASET (Table 1)."""
    from pvdbench.cli.study import load_study
    from pvdbench.protocols.warping import score_warping

    study = load_study(folder)
    study.motion_row(row)
    score_warping(
        study.dataset(dataset),
        study.data("flow", dataset, row),
        study.data("scores", "flow", dataset, f"{row}.csv"),
        dataset=dataset,
        method=row,
        protocols=study.params.protocols.names,
    )


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def deblur(dataset: str, row: str, folder: Path) -> None:
    """Score the deblurred frames of ROW of `deblur` on DATASET (Tables 2 and 3)."""
    from pvdbench.cli.study import load_study
    from pvdbench.protocols.deblurring import score_deblurring

    study = load_study(folder)
    study.deblur_row(row)
    score_deblurring(
        study.dataset(dataset),
        study.data("frames", dataset, row),
        study.data("scores", "deblur", dataset, f"{row}.csv"),
        dataset=dataset,
        method=row,
        protocols=study.params.protocols.names,
    )


@score.command()
@click.argument("dataset")
@study_folder
def volume(dataset: str, folder: Path) -> None:
    """Count the candidates of the pixel volumes on DATASET (Sec. 4.4)."""
    from pvdbench.cli.study import load_study
    from pvdbench.protocols.volume_statistics import Sources, score_volume

    study = load_study(folder)
    params = study.params.protocols.volume
    sources = Sources(
        study.data("flow", dataset, params.motion),
        study.data("frames", dataset, params.volume_row),
        study.data("frames", dataset, params.warp_row),
    )
    score_volume(
        study.dataset(dataset),
        sources,
        study.data("scores", "volume", f"{dataset}.csv"),
        dataset=dataset,
        frames_per_video=params.frames_per_video,
        tolerances=params.tolerances,
    )
