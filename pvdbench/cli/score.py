"""pvdbench score: frames on disk against the truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pvdbench.cli.options import Jobs, parallel, study_folder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_HALF = ("checkpoints", "score")


@click.group()
def score() -> None:
    """Score frames on disk against the truth."""


def _alone(study: Any, dataset: str, what: str) -> "AbstractContextManager[None]":
    """Wait while another command makes the same scores."""
    from pvdbench.io.lock import one_command_at_a_time

    lock = study.data("logs", f"score-{dataset}-{what}.lock".replace(" ", "-"))
    return one_command_at_a_time(lock, f"score {what} of {dataset}")


@score.command()
@click.argument("dataset")
@study_folder
@parallel
def truth(dataset: str, folder: Path, jobs: Jobs) -> None:
    """Compute what depends on the truth of DATASET alone: how blurry each frame is, and the sharp video's flow."""
    from pvdbench.scoring.params import ProtocolParams
    from pvdbench.scoring.truth import score_truth
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    out = study.data("truth", dataset)
    with _alone(study, dataset, "truth"):
        score_truth(study.dataset(dataset), out, ranking=study.key("protocols", ProtocolParams).ranking, jobs=jobs)


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def motion(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Score the flow of ROW of `motion` on DATASET and the frames warped by it (Table 1)."""
    from pvdbench.scoring.dataset import ScoredRow, score_row
    from pvdbench.scoring.params import ProtocolParams
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    study.motion_row(row)
    scored = ScoredRow(dataset, row, "motion", study.dataset(dataset), study.data("motion", dataset, row))
    out, half = study.data("scores", "motion", dataset, f"{row}.csv"), study.data(*_HALF, "motion", dataset, row)
    with _alone(study, dataset, f"motion {row}"):
        score_row(scored, out, protocols=study.key("protocols", ProtocolParams).names, jobs=jobs, half=half)


@score.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def deblur(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Score the deblurred frames of ROW of `deblur` on DATASET (Tables 2 to 5), each alone and after the one before."""
    from pvdbench.scoring.dataset import ScoredRow, score_row
    from pvdbench.scoring.params import ProtocolParams
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    study.deblur_row(row)
    frames, made = study.data("deblur", dataset, row), study.data("truth", dataset)
    scored = ScoredRow(dataset, row, "deblur", study.dataset(dataset), frames, truth=made)
    out, half = study.data("scores", "deblur", dataset, f"{row}.csv"), study.data(*_HALF, "deblur", dataset, row)
    with _alone(study, dataset, f"deblur {row}"):
        score_row(scored, out, protocols=study.key("protocols", ProtocolParams).names, jobs=jobs, half=half)


@score.command()
@click.argument("dataset")
@study_folder
def volume(dataset: str, folder: Path) -> None:
    """Count the candidates of the pixel volumes on DATASET (Sec. 4.4)."""
    from pvdbench.scoring.params import ProtocolParams
    from pvdbench.scoring.pixel_volume import Sources, score_volume
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    params = study.key("protocols", ProtocolParams).volume
    sources = Sources(
        study.data("motion", dataset, params.motion),
        study.data("deblur", dataset, params.volume_row),
        study.data("deblur", dataset, params.warp_row),
    )
    with _alone(study, dataset, "volume"):
        score_volume(
            study.dataset(dataset),
            sources,
            study.data("scores", "volume", f"{dataset}.csv"),
            dataset=dataset,
            frames_per_video=params.frames_per_video,
            tolerances=params.tolerances,
            network=study.network_params(params.volume_row),
        )


class _Protocol(click.ParamType[str]):
    """The name of a protocol, or `all`; --help shows those that are registered."""

    name = "protocol"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        from pvdbench.scoring.registry import choices

        return f"[all|{'|'.join(choices(any_frames=True))}]"


@score.command()
@click.option("--truth", type=click.Path(path_type=Path), required=True, help="Folder of sharp frames.")
@click.option("--estimate", type=click.Path(path_type=Path), required=True, help="Folder of deblurred frames.")
@click.option("--protocol", "names", multiple=True, type=_Protocol(), default=["koehler"], show_default=True,
              help="Protocol to score by; give it again for more, or `all`.")  # fmt: skip
@click.option("--frame-offset", type=int, help="Pair by order, the first estimate with the truth so many frames later.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="CSV to write.")
@click.option("--overwrite", is_flag=True, help="Replace --out whatever it holds; without it only a file of scores.")
@parallel
def folder(
    truth: Path,
    estimate: Path,
    names: tuple[str, ...],
    frame_offset: int | None,
    out: Path,
    overwrite: bool,
    jobs: Jobs,
) -> None:
    """Score any two folders of 8-bit RGB frames; sub-folders are clips."""
    from pvdbench.core.errors import DataError, ParamsError
    from pvdbench.core.notice import notice
    from pvdbench.io.owned import behind_links, check_file
    from pvdbench.scoring.folders import score_folders
    from pvdbench.scoring.registry import UNAVAILABLE, named_protocols
    from pvdbench.scoring.score_file import is_score_file

    if out.suffix.lower() != ".csv":
        raise DataError(f"{out}: scores are written as CSV; name a file that ends in .csv")
    asked = [name for name in UNAVAILABLE if name in names or "all" in names]
    offered = [name for name in names if name not in UNAVAILABLE]
    if not offered:
        raise ParamsError(f"{asked[0]}: skipped: {UNAVAILABLE[asked[0]]}; nothing is scored: name another --protocol")
    for name in asked:
        notice(f"{name}: skipped: {UNAVAILABLE[name]}")
    named_protocols(offered, any_frames=True)  # which are refused before the file is looked at
    check_file(out, [truth, estimate], overwrite=overwrite, ours=is_score_file)
    written = behind_links(out)
    _, summaries = score_folders(truth, estimate, written, protocols=offered, frame_offset=frame_offset, jobs=jobs)
    for summary in summaries:
        click.echo(str(summary))
