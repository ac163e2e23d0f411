"""Commands of pvdbench, each in a fork of one process that has imported PyTorch and the rest already."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

_IMPORTED = (
    "torch", "pandas", "scipy.ndimage", "skimage.metrics", "matplotlib.pyplot", "PIL.PngImagePlugin", "pydantic",
    "safetensors.torch", "tqdm", "joblib", "pvdbench.cli.main", "pvdbench.report.build", "pvdbench.figures.build",
    "pvdbench.tables.build", "pvdbench.scoring.dataset", "pvdbench.training.deblur", "pvdbench.training.motion",
)  # fmt: skip


class Warm:
    """The server, and what asks it."""

    def __init__(self, cwd, environment):
        self._server = subprocess.Popen(
            [sys.executable, __file__], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.pid = self._server.pid

    def run(self, arguments, cwd, said):
        """Run a command; its output goes to the file `said`.

        Returns: its exit code, or the negative number of the signal that ended it.
        """
        self._server.stdin.write(json.dumps([list(arguments), str(cwd), str(said)]) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self):
        self._server.stdin.close()
        self._server.wait()


def _serve():
    for name in _IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        arguments, cwd, said = json.loads(line)
        child = os.fork()
        if not child:
            return arguments, cwd, said
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)
    return None


def _become(arguments, cwd, said):
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for copy, standard in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(copy, standard)
    os.chdir(cwd)
    sys.argv[:] = ["pvdbench", *arguments]
    sys.path[:] = [path for path in sys.path if path and Path(path) != Path(__file__).parent]


if __name__ == "__main__":
    request = _serve()
    if request is not None:
        _become(*request)
        sys.modules["pvdbench.cli.main"].main()
