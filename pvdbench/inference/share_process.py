"""A share of a row's clips in a Python of its own, which ends with whoever started it.

It is no child of multiprocessing, which Dask's workers may not have, and shares no folder and no environment with other
threads of such a worker.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from pvdbench.core.errors import PvdbenchError
from pvdbench.core.executor import ClusterError, Stopped
from pvdbench.inference.share import Fault, Share, exit_on_sigterm, run_share

_CODE = """import json, sys
sys.path[:] = json.loads(sys.argv[2])
from pvdbench.inference.share_process import main
main()"""
_ROUNDING = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Variables that sums round by: Dask sets some of them for its workers."""
_LOOK = 0.2  # seconds between two looks at whether anybody still waits
_GRACE = 15.0  # seconds to end the method and remove its copies


@dataclass(frozen=True)
class SentShare:
    """A share, and where and with which variables the command runs that it is of."""

    share: Share
    folder: Path
    rounding: Mapping[str, str]


def sent(share: Share) -> SentShare:
    """Make a share ready for another process, on another machine it may be."""
    return SentShare(share, Path.cwd(), {name: os.environ[name] for name in _ROUNDING if name in os.environ})


def run_in_process(job: SentShare, stopped: Stopped, *, wrote: Callable[[], object] = lambda: None) -> Fault | None:
    """Run a share in a process of its own.

    Args:
        stopped: asked all the time; once it is true, the process and the method are ended.
        wrote: called after each frame.

    Returns: what went wrong, if anything did.
    Raises:
        ClusterError: if the process itself was killed, or it was stopped.
    """
    ours, theirs = Pipe()
    command = [sys.executable, "-c", _CODE, str(theirs.fileno()), json.dumps(sys.path)]
    environment = {name: value for name, value in os.environ.items() if name not in _ROUNDING} | dict(job.rounding)
    program = subprocess.Popen(
        command, cwd=job.folder, env=environment, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
        start_new_session=True,  # Ctrl-C is the command's, which ends its shares
    )  # fmt: skip
    try:
        theirs.close()
        ours.send_bytes(pickle.dumps(job.share))
        return _outcome(ours, job.share, stopped, wrote)
    except (EOFError, ConnectionError):
        said = f"its process ended ({program.wait(_GRACE)})"
        raise _lost(job.share, f"{said}; look for what killed it, such as a lack of memory, and") from None
    finally:
        ours.close()
        _end(program)


def _outcome(channel: Connection, share: Share, stopped: Stopped, wrote: Callable[[], object]) -> Fault | None:
    while not stopped():
        if not channel.poll(_LOOK):
            continue
        if message := channel.recv_bytes():
            said = json.loads(message)
            return said and Fault(said["number"], _kinds()[said["kind"]](said["message"]))
        wrote()
    raise _lost(share, "the command was stopped;")


def _lost(share: Share, why: str) -> ClusterError:
    clips = ", ".join(share.clips[number].video for number in share.numbers)
    return ClusterError(f"{share.run.row}: clips {clips}: {why} run the same command again, which goes on")


def _end(program: "subprocess.Popen[bytes]") -> None:
    """Have it end its method and remove its copies; kill it where that takes too long."""
    program.terminate()
    try:
        program.wait(_GRACE)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _kinds() -> dict[str, type[PvdbenchError]]:
    """Every kind of error that is known here, by its name."""
    found, todo = {}, [PvdbenchError]
    while todo:
        kind = todo.pop()
        found[kind.__name__] = kind
        todo += kind.__subclasses__()
    return found


def main() -> None:
    """In the new process: run the share that comes through the file descriptor that the first argument names."""
    channel = Connection(int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)
    with exit_on_sigterm():
        share: Share = pickle.loads(channel.recv_bytes())  # nosec B301  # of the command that started this
        threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
        fault = run_share(share, lambda: channel.send_bytes(b""))
        told = fault and {
            "number": fault.number, "kind": type(fault.error).__name__, "message": Exception.__str__(fault.error)
        }  # fmt: skip
        channel.send_bytes(json.dumps(told).encode())


def _end_with(channel: Connection) -> None:
    """Wait until the other end is closed, which kill -9 of its process does, too; then end."""
    try:
        channel.recv_bytes()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
