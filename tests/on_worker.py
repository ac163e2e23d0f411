"""A command of pvdbench as a Dask worker runs it in tests, which imports this module by name."""

import os
import subprocess
import sys


def run_command(words, folder):
    """Run it in a process of its own; returns its exit code, what it said, and the job it ran in."""
    run = subprocess.run(
        [sys.executable, "-m", "pvdbench", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stderr, os.environ["SLURM_JOB_ID"]
