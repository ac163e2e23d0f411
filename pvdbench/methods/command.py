"""kind: command: a method that is a program in an environment of its own, another Python or no Python at all."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import DataError, MethodError
from pvdbench.io.images import read_frame, to_bytes, write_frame
from pvdbench.methods.card import MethodCard
from pvdbench.methods.clip import Clip, to_tensor
from pvdbench.methods.process_tree import guarded
from pvdbench.methods.surroundings import own_folder

_GRACE = 10.0  # seconds for the guard to end what it guards
_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""What would make the program's Python take our packages for its own."""


class CommandMethod:
    """Runs the program once per clip: PNG frames 00000.png and on in {input}, the same names wanted in {output}."""

    timed = "clip"

    def __init__(self, folder: Path, card: MethodCard) -> None:
        """Take the method's folder and card, which has a command."""
        assert card.command is not None
        self._folder, self._label, self._command = folder.resolve(), card.label, card.command
        self._seconds = card.seconds_a_frame
        self._weights = ""
        self.log: Path | None = None

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Keep the file for {weights}, the card's or else the one that was trained here; begin the log.

        Args:
            weights: name to file.
            device: not used; the program chooses.
            options: each a {NAME} of argv.
        """
        self._options = {name: str(value) for name, value in options.items()}
        files = [path for name, path in weights.items() if name != "network"] or list(weights.values())
        self._weights = str(files[0].resolve()) if files else ""
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_bytes(b"")

    def parameters(self) -> Mapping[str, int]:
        """Return nothing: they are unknown."""
        return {}

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Run the program on copies of the frames, then read what it wrote.

        Raises:
            MethodError: if it does not start, takes too long, exits with another code than 0 or leaves a frame out.
        """
        with own_folder() as work:
            names = [f"{t:05d}.png" for t in range(len(clip))]
            folders = {part: Path(work, part) for part in ("input", "output")}
            for folder in folders.values():
                folder.mkdir()
            for name, frame in zip(names, clip, strict=True):
                write_frame(folders["input"] / name, to_bytes(frame.permute(1, 2, 0).numpy()))
            self._run(clip, folders, Path(work))
            yield from (self._frame(folders["output"] / name) for name in names)

    def _run(self, clip: Clip, folders: Mapping[str, Path], work: Path) -> None:
        arguments, environment, limit = self._arguments(folders), _environment(), self._seconds * len(clip)
        self._require_program(arguments[0], environment)
        output = work / "output.log"
        with output.open("wb") as log:
            program = subprocess.Popen(
                guarded(arguments), cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            code = _wait(program, limit)
        self._keep(clip, arguments, output)
        if code != 0:
            what = f"ended with exit code {code}" if code is not None else f"did not end within {limit:g} s"
            raise MethodError(f"{self._label}: {clip.video or 'clip'}: the program {what}, and its last line was "
                              f"{_last_line(output)}; {self._remedy(code)}")  # fmt: skip

    def _require_program(self, program: str, environment: Mapping[str, str]) -> None:
        if shutil.which(program, path=environment.get("PATH")) is None:
            raise MethodError(f"{self._label}: the program {program[:100]} is not there, or cannot be executed; "
                              "install it or correct command.argv")  # fmt: skip

    def _arguments(self, folders: Mapping[str, Path]) -> list[str]:
        known = self._options | {name: str(folder) for name, folder in folders.items()}
        known |= {"weights": self._weights, "method": str(self._folder)}
        try:
            arguments = [part.format_map(known) for part in self._command.argv]
        except (KeyError, ValueError, IndexError) as error:
            raise MethodError(f"{self._label}: command.argv: {error} cannot be filled in; use {{input}}, {{output}}, "
                              "{weights}, {method} and options; write {{ and }} for braces") from error  # fmt: skip
        if self._command.env == "own":
            return arguments
        return [_uv(), "run", "--quiet", "--no-project", "--script", str(self._folder / arguments[0]), *arguments[1:]]

    def _keep(self, clip: Clip, arguments: list[str], output: Path) -> None:
        if self.log is None:
            return
        with self.log.open("ab") as log:
            log.write(f"{clip.video}: {' '.join(arguments)}\n".encode())
            log.write(output.read_bytes())

    def _remedy(self, code: int | None) -> str:
        where = f"; its output is in {self.log}" if self.log is not None else ""
        return ("mend the program" if code is not None else "make it faster or raise seconds_a_frame") + where

    def _frame(self, path: Path) -> Tensor:
        if not path.resolve().is_relative_to(path.parents[1].resolve()):
            raise MethodError(f"{self._label}: {path.name} in {{output}} is a link to {path.resolve()}, outside the "
                              "program's working folder; have it copy its results")  # fmt: skip
        try:
            return to_tensor(read_frame(path))
        except DataError as error:
            raise MethodError(f"{self._label}: the program left no readable {path.name} in {{output}}; write one PNG "
                              "per frame, of 8-bit RGB, under the input's name") from error  # fmt: skip


def _environment() -> dict[str, str]:
    """Make the program's environment: ours without what is Python's, and as many threads as this process may use."""
    kept = {key: value for key, value in os.environ.items() if key not in _OURS}
    return kept | {"OMP_NUM_THREADS": str(torch.get_num_threads())}


def _wait(program: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    """Wait for the exit code; None where the time was up. Whatever the program started ends with it."""
    try:
        return program.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        program.terminate()  # its guard, which ends the rest
        with suppress(subprocess.TimeoutExpired):
            program.wait(_GRACE)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise MethodError("env: uv needs the program uv, which is not here; run `pip install uv`")
    return found


def _last_line(output: Path) -> str:
    lines = output.read_text(errors="replace", encoding="utf-8").strip().splitlines()
    if not lines:
        return "not there: no output"
    return f"'{lines[-1].replace(f'{output.parent}/', '')[:100]}'"  # the working folder has another name each time
