"""pvdbench score: frames on disk against the truth."""

from pathlib import Path

import click

from pvdbench.cli.options import Jobs, parallel, study_folder


@click.group()
def score() -> None:
    """Score frames on disk against the truth."""


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def motion(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Score the warped frames of ROW of `motion` on DATASET (Table 1)."""
    from pvdbench.scoring.dataset import score_warping
    from pvdbench.study.study import load_study

    study = load_study(folder)
    study.motion_row(row)
    score_warping(
        study.dataset(dataset),
        study.data("motion", dataset, row),
        study.data("scores", "motion", dataset, f"{row}.csv"),
        dataset=dataset,
        method=row,
        protocols=study.params.protocols.names,
        ranking=study.params.protocols.ranking,
        jobs=jobs,
    )


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def deblur(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Score the deblurred frames of ROW of `deblur` on DATASET (Tables 2 and 3), alone and in a row."""
    from pvdbench.scoring.dataset import score_deblurring, score_steadiness
    from pvdbench.study.study import load_study

    study = load_study(folder)
    study.deblur_row(row)
    where = study.dataset(dataset), study.data("deblur", dataset, row)
    score_deblurring(
        *where,
        study.data("scores", "deblur", dataset, f"{row}.csv"),
        dataset=dataset,
        method=row,
        protocols=study.params.protocols.names,
        ranking=study.params.protocols.ranking,
        jobs=jobs,
    )
    steadiness = study.data("scores", "temporal", dataset, f"{row}.csv")
    score_steadiness(*where, steadiness, dataset=dataset, method=row, jobs=jobs)


@score.command()
@click.argument("dataset")
@study_folder
def volume(dataset: str, folder: Path) -> None:
    """Count the candidates of the pixel volumes on DATASET (Sec. 4.4)."""
    from pvdbench.scoring.pixel_volume import Sources, score_volume
    from pvdbench.study.study import load_study

    study = load_study(folder)
    params = study.params.protocols.volume
    sources = Sources(
        study.data("motion", dataset, params.motion),
        study.data("deblur", dataset, params.volume_row),
        study.data("deblur", dataset, params.warp_row),
    )
    score_volume(
        study.dataset(dataset),
        sources,
        study.data("scores", "volume", f"{dataset}.csv"),
        dataset=dataset,
        frames_per_video=params.frames_per_video,
        tolerances=params.tolerances,
    )


@score.command()
@click.option("--truth", type=click.Path(path_type=Path), required=True, help="Folder of sharp frames.")
@click.option("--estimate", type=click.Path(path_type=Path), required=True, help="Folder of deblurred frames.")
@click.option(
    "--protocol", "names", multiple=True, default=["koehler"], show_default=True, help="Again for more; or `all`."
)
@click.option("--frame-offset", type=int, help="Pair by order, the first estimate with the truth so many frames later.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="CSV to write.")
@parallel
def folder(
    truth: Path, estimate: Path, names: tuple[str, ...], frame_offset: int | None, out: Path, jobs: Jobs
) -> None:
    """Score any two folders of 8-bit RGB frames; sub-folders are clips."""
    from pvdbench.scoring.folders import score_folders
    from pvdbench.scoring.registry import WANTING

    for name, reason in WANTING.items():
        if name in names or "all" in names:
            click.echo(f"{name}: skipped: {reason}", err=True)
    offered = [name for name in names if name not in WANTING]
    if not offered:
        return
    for summary in score_folders(truth, estimate, out, protocols=offered, frame_offset=frame_offset, jobs=jobs):
        click.echo(str(summary))
