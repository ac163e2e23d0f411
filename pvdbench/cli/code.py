"""pvdbench code: which code each stage and each row of a study runs."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.command()
@study_folder
def code(folder: Path) -> None:
    """Write fingerprints of the code of every stage and row, so that an edit re-runs what it changes."""
    from pvdbench.cli.study import load_study
    from pvdbench.pipeline.code import record_rows, record_stages

    study = load_study(folder)
    rows = {f"motion/{name}": row.method for name, row in study.params.motion.items()}
    rows |= {f"deblur/{name}": row.method for name, row in study.params.deblur.items()}
    record_rows(rows, study.methods, study.data("methods"))
    record_stages(study.data("code"))
