"""pvdbench code: which code each stage and each row of a study runs."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.command()
@study_folder
def code(folder: Path) -> None:
    """Write fingerprints of the code of every stage and row, so that an edit re-runs what it changes."""
    from pvdbench.pipeline.code import Start, record_rows, record_stages, record_starts
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    motion, deblur = study.params.motion.items(), study.params.deblur.items()
    rows = {f"motion/{name}": row for name, row in motion} | {f"deblur/{name}": row for name, row in deblur}
    places = {row.method: study.place_of(row.method) for row in rows.values()}
    record_rows({name: row.method for name, row in rows.items()}, places, study.data("methods"))
    starts = {f"motion/{name}": Start(study.given(row.weights), None) for name, row in motion}
    starts |= {f"deblur/{name}": Start(study.given(row.weights), study.network_of(name)) for name, row in deblur}
    record_starts(starts, study.data("starts"))
    record_stages(study.data("code"))
