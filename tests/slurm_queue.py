"""A real SLURM cluster of one node, this machine, with all of its files in one folder and its daemons ended after."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

_DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
_CONFIGURATION = """
ClusterName=tiny
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=tiny Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def slurm_queue(folder):
    """Yield the environment that finds the cluster; skip where it cannot run, and say why."""
    if missing := [name for name in _DAEMONS if shutil.which(name) is None]:
        pytest.skip(f"{missing[0]} is not here: apt-get install slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons run jobs as root here")
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    running = []
    try:
        for command in _commands(folder):
            with (folder / f"{command[0]}.log").open("wb") as log:
                running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            time.sleep(0.5)
        _wait_until_idle(folder, environment)
        yield environment
    finally:
        if running:
            subprocess.run(["scancel", "--user=root"], env=environment, check=False)
        for daemon in reversed(running):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _commands(folder):
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**21  # half of it, in MiB
    host = socket.gethostname().split(".")[0]
    (folder / "slurm.conf").write_text(_CONFIGURATION.format(
        folder=folder, host=host, ports=_free_ports(), cores=os.cpu_count(), memory=memory))  # fmt: skip
    files = {"socket": "munge.socket", "pid-file": "munged.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
    options = [f"--key-file={key}", *(f"--{name}={folder / at}" for name, at in files.items())]
    yield ["munged", "--foreground", "--force", *options]  # it would not have its socket where only root may go
    yield ["slurmctld", "-D", "-c"]
    yield ["slurmd", "-D", "-N", host]


def _free_ports():
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_idle(folder, environment):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        asked = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, check=False
        )
        if asked.stdout.strip() == "idle":
            return
        time.sleep(0.3)
    said = "".join((folder / f"{name}.log").read_text() for name in _DAEMONS[:3]).splitlines()
    pytest.skip(f"SLURM's daemons do not run here: {[asked.stderr, *(line for line in said if 'error' in line)][-1]}")
