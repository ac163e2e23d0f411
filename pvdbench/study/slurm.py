"""Workers of a study as jobs of a SLURM queue, as a small YAML file says (docs/clusters.md)."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from pvdbench.core.errors import ParamsError, StudyError, shorten
from pvdbench.core.params import StrictModel, read_params

if TYPE_CHECKING:
    from dask_jobqueue.slurm import SLURMCluster

_HERE: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 1000,  # a job whose time is up is no fault of its stage
    "distributed.deploy.lost-worker-timeout": "5s",  # then another job is asked for
}
_ADAPTING: dict[str, Any] = {
    "target_duration": "1ms",  # a job for each stage that waits, as stages are long and how long is not known
    "wait_count": 60,  # seconds without a stage, after which a job is given back
}
_ON_WORKERS = {
    "DASK_DISTRIBUTED__WORKER__DAEMON": "False",  # stages are processes of their own
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",  # the memory of a stage is not its worker's
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
}
_STAGES_END = (
    """trap 'for half in {1..50}; do grep -qsz "^SLURM_JOB_ID=$SLURM_JOB_ID$" /dev/null """
    """$(pgrep -u "$UID" -f "pvdbench|multiprocessing" | sed "s#.*#/proc/&/environ#") || break; sleep 0.5; done' TERM"""
)
"""A job that is told to end (its walltime, scancel) ends with its shell, and whatever still runs is killed: the shell
waits, for less than SLURM's KillWait, so that trainings end after their batch and write a checkpoint."""
_SUBMIT = "sbatch"
_PATIENCE = 60  # seconds for the queue to answer

Count = Annotated[int, Field(ge=1)]
Word = Annotated[str, Field(pattern=r"^[\w.,:@%+=-]+$")]
Folder = Annotated[str, Field(pattern=r"^[\w.,:@%+=/${}~-]+$")]
Line = Annotated[str, Field(pattern=r"^[^\r\n\x00]+$")]


def _bytes(text: str) -> str:
    from dask.utils import parse_bytes

    try:
        enough = parse_bytes(text) >= 1
    except ValueError:
        enough = False
    if not enough:
        raise ValueError("this is no amount of memory; write it as 32GB or 500MB")
    return text


class JobCount(StrictModel):
    """How many jobs there are at a time."""

    minimum: Annotated[int, Field(ge=0)] = 0  # also while no stage waits
    maximum: Count

    @model_validator(mode="after")
    def _in_order(self) -> "JobCount":
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}; swap them")
        return self


class SlurmParams(StrictModel):
    """What a job asks for, and what it runs before its workers start."""

    queue: Word | None = None  # sbatch -p; the cluster's default queue without it
    account: Word | None = None
    cores: Count
    memory: Annotated[str, AfterValidator(_bytes)]
    gpus: Annotated[int, Field(ge=0)] = 0
    walltime: Annotated[str, Field(pattern=r"^(\d+-\d+(:\d+){0,2}|\d+(:\d+){0,2})$")]  # as sbatch -t takes it
    jobs: JobCount
    workers: Count = 1  # stages side by side in one job, each with its share of the memory
    directives: list[Annotated[str, Field(pattern=r"^-[^\r\n\x00]*$")]] = Field(default=[])  # more options of sbatch
    setup: list[Line] = Field(default=[])  # of the shell, before the workers start
    interface: Word | None = None  # of the network, by which workers and scheduler talk
    local_directory: Folder | None = None  # a fast one on the node, such as $TMPDIR
    logs: Folder = "data/logs/slurm"  # of what jobs print; from this file's folder

    @model_validator(mode="after")
    def _shared(self) -> "SlurmParams":
        if self.workers > self.cores:
            raise ValueError(f"{self.workers} workers need a core each, and a job has {self.cores}; ask for more cores")
        if self.gpus and self.workers > 1:
            raise ValueError("a job with graphics cards runs one stage at a time; remove `workers`, and ask for more "
                             "jobs of fewer cards")  # fmt: skip
        return self


@contextmanager
def slurm_cluster(config: Path) -> Iterator["SLURMCluster"]:
    """Start a Dask scheduler here, whose workers are jobs that come and go with the stages that wait.

    The end of the block ends the jobs; those of a killed scheduler end by themselves.

    Args:
        config: a YAML file of SlurmParams.

    Raises:
        ParamsError: if the file is wrong.
        StudyError: if dask-jobqueue or SLURM is not installed, or the queue would not take such a job.
    """
    params = read_params(config, SlurmParams)
    try:
        import dask
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError as error:
        raise StudyError("--slurm: dask-jobqueue is not installed; pip install 'pvdbench[cluster]'") from error
    if shutil.which(_SUBMIT) is None:
        raise StudyError(f"--slurm: the program {_SUBMIT} is not here; run on a node that submits jobs")
    with dask.config.set(_HERE):
        try:
            cluster = SLURMCluster(**cluster_options(config, params))
        except (ValueError, OSError, RuntimeError) as error:
            raise ParamsError(f"{config}: no scheduler starts here ({shorten(error, 150)}); correct `interface` or "
                              "`logs`") from error  # fmt: skip
        with cluster:
            _check_taken(config, cluster.job_script())  # type: ignore[no-untyped-call]
            cluster.adapt(minimum_jobs=params.jobs.minimum, maximum_jobs=params.jobs.maximum, **_ADAPTING)
            yield cluster


def cluster_options(config: Path, params: SlurmParams) -> dict[str, Any]:
    """Say the same to dask-jobqueue: workers of one thread, as each stage counts its own."""
    from dask.utils import parse_bytes

    offered = {"memory": parse_bytes(params.memory) // params.workers} | ({"gpu": params.gpus} if params.gpus else {})
    variables = [f"export {name}={value}" for name, value in _ON_WORKERS.items()]
    resources = ",".join(f"{name}={amount}" for name, amount in offered.items())
    return {
        "queue": params.queue,
        "account": params.account,
        "cores": params.workers,
        "processes": params.workers,
        "job_cpu": params.cores,
        "memory": params.memory,
        "walltime": params.walltime,
        "job_extra_directives": [*([f"--gpus-per-node={params.gpus}"] if params.gpus else []), *params.directives],
        "job_script_prologue": [*variables, _STAGES_END, *params.setup],
        "worker_extra_args": ["--resources", resources, "--no-dashboard"],
        "interface": params.interface,
        "local_directory": params.local_directory,
        "log_directory": str(config.absolute().parent / params.logs),
        "job_name": "pvdbench",
        "scheduler_options": {"dashboard": False, "dashboard_address": ":0"},
    }


def _check_taken(config: Path, script: str) -> None:
    """Ask the queue whether it would take such a job; a refusal later would be waited for in vain."""
    try:
        tried = subprocess.run([_SUBMIT, "--test-only"], input=script, capture_output=True, text=True,
                               timeout=_PATIENCE, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StudyError(f"--slurm {config}: the queue did not answer within {_PATIENCE} s; see `sinfo`") from None
    if tried.returncode:
        said = tried.stderr.strip().splitlines() or ["no reason"]
        raise StudyError(f"--slurm {config}: the queue takes no such job ({shorten(said[-1], 150)}); correct the file")
