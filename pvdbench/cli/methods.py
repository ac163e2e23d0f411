"""pvdbench methods: the folder of methods as a study sees it."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.group()
def methods() -> None:
    """Look at the methods of a study."""


@methods.command()
@study_folder
def record(folder: Path) -> None:
    """Write which code each row runs, so that an edited method re-runs its own rows alone."""
    from pvdbench.cli.study import load_study
    from pvdbench.contract.fingerprint import record_methods

    study = load_study(folder)
    rows = {f"motion/{name}": row.method for name, row in study.params.motion.items()}
    rows |= {f"deblur/{name}": row.method for name, row in study.params.deblur.items()}
    record_methods(rows, study.methods, study.data("methods"))
