"""pvdbench verify: whether a study's numbers can be derived again, or equal those of another revision or machine."""

import sys
from functools import partial
from pathlib import Path

import click

from pvdbench.cli.options import Jobs, StudyFolder, parallel
from pvdbench.cli.study import command_function

_LISTED = 20


@click.command()
@click.argument("folder", metavar="[STUDY]", type=StudyFolder(file_okay=False), default=".")
@click.option("--against", metavar="REV",
              help="Compare with the results of a Git revision, or of another study's folder, instead.")  # fmt: skip
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Score N frames of each row again, not all.")
@parallel
def verify(folder: Path, against: str | None, sample: int | None, jobs: Jobs) -> None:
    """Derive every number of STUDY again, and print `equal` or what differs, by how much, and where it comes from.

    Code, settings, data, weights, frames, scores and tables are compared with dvc.lock by hashes taken anew; frames
    are scored again, tables are built again in a temporary folder, and the report's pages are compared with what
    `pvdbench report` wrote. The first difference printed is the first in the order in which a study is made. The exit
    code is 0 for equal and 1 for different. The report shows the verdict.
    """
    from pvdbench.report.verify import verify as derive_again
    from pvdbench.study.against import compare
    from pvdbench.study.study import load_study

    study = load_study(folder)
    if against is not None:
        if sample is not None:
            raise click.UsageError("--sample is for scoring again; --against compares what is there.")
        comparison = compare(study, against)
        click.echo(str(comparison))
        sys.exit(int(not comparison.close))
    root = click.get_current_context().find_root().command
    found = derive_again(study, partial(command_function, root), sample=sample, jobs=jobs)
    scope = "every frame" if sample is None else f"{sample} frames a row"
    if not found:
        click.echo(f"equal: all files are those of dvc.lock; {scope} scored again, tables built again")
        return
    click.echo(f"different: {found[0]}")
    for difference in found[1:_LISTED]:
        click.echo(f"  then: {difference}")
    if len(found) > _LISTED:
        click.echo(f"  and {len(found) - _LISTED} more")
    sys.exit(1)
