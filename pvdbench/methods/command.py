"""kind: command: a method that is a program in an environment of its own, another Python or no Python at all."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import DataError, MethodError
from pvdbench.io.images import read_frame, to_bytes, write_frame
from pvdbench.methods.card import MethodCard
from pvdbench.methods.clip import Clip

_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""What would make the program's Python take our packages for its own."""


class CommandMethod:
    """Runs the program once a clip: PNG frames 00000.png and on in {input}, the same names wanted in {output}."""

    timed = "clip"

    def __init__(self, folder: Path, card: MethodCard) -> None:
        """Take the method's folder and card, which has a command."""
        assert card.command is not None
        self._folder, self._label, self._command = folder.resolve(), card.label, card.command
        self._seconds = card.seconds_a_frame
        self._weights = ""
        self.log: Path | None = None

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Keep the file for {weights}: the card's, or else the one that was trained here; begin the log.

        Args:
            weights: as given.
            device: the program's own affair.
            options: each a {NAME} of argv.
        """
        self._options = {name: str(value) for name, value in options.items()}
        files = [path for name, path in weights.items() if name != "network"] or list(weights.values())
        self._weights = str(files[0].resolve()) if files else ""
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_bytes(b"")

    def parameters(self) -> Mapping[str, int]:
        """Unknown."""
        return {}

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Run the program on copies of the frames, then read what it wrote.

        Raises:
            MethodError: if it does not start, takes too long, exits with another code than 0 or leaves a frame out.
        """
        with tempfile.TemporaryDirectory(prefix="pvdbench-", ignore_cleanup_errors=True) as work:
            names = [f"{t:05d}.png" for t in range(len(clip))]
            places = {part: Path(work, part) for part in ("input", "output")}
            for place in places.values():
                place.mkdir()
            for name, frame in zip(names, clip, strict=True):
                write_frame(places["input"] / name, to_bytes(frame.permute(1, 2, 0).numpy()))
            self._run(clip, places, Path(work))
            yield from (self._frame(places["output"] / name) for name in names)

    def _run(self, clip: Clip, places: Mapping[str, Path], work: Path) -> None:
        arguments = self._arguments(places)
        output = work / "output.log"
        with output.open("wb") as log:
            try:
                program = subprocess.Popen(
                    arguments, cwd=work, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise MethodError(f"{self._label}: expected the program {arguments[0]}, got '{error.strerror}'; "
                                  "install it or correct command.argv") from error  # fmt: skip
            code = self._wait(program, self._seconds * len(clip))
        self._keep(clip, arguments, output)
        if code != 0:
            what = f"exit code {code}" if code is not None else f"none after {self._seconds * len(clip):g} s"
            raise MethodError(f"{self._label}: {clip.video or 'clip'}: expected exit code 0, got {what}: "
                              f"{_last_line(output)}; {self._remedy(code)}")  # fmt: skip

    def _arguments(self, places: Mapping[str, Path]) -> list[str]:
        known = self._options | {name: str(place) for name, place in places.items()}
        known |= {"weights": self._weights, "method": str(self._folder)}
        try:
            arguments = [part.format_map(known) for part in self._command.argv]
        except (KeyError, ValueError, IndexError) as error:
            raise MethodError(f"{self._label}: command.argv: expected {{input}}, {{output}}, {{weights}}, {{method}} "
                              f"and options, got {error}; write {{{{ and }}}} for braces") from error  # fmt: skip
        if self._command.env == "own":
            return arguments
        return [_uv(), "run", "--quiet", "--no-project", "--script", str(self._folder / arguments[0]), *arguments[1:]]

    def _wait(self, program: "subprocess.Popen[bytes]", seconds: float) -> int | None:
        """The exit code; None where the time was up. Whatever the program started ends with it."""
        try:
            return program.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()

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
        try:
            return torch.from_numpy(read_frame(path).copy()).permute(2, 0, 1).float() / 255
        except DataError as error:
            raise MethodError(f"{self._label}: expected {path.name} in {{output}}, got none that reads; write a PNG a "
                              f"frame, of 8-bit RGB, under the input's name ({error})") from error  # fmt: skip


def _environment() -> dict[str, str]:
    """Ours without what is Python's, and as many threads as this process may use."""
    kept = {key: value for key, value in os.environ.items() if key not in _OURS}
    return kept | {"OMP_NUM_THREADS": str(torch.get_num_threads())}


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise MethodError("expected the program uv for env: uv, found none; run `pip install uv`")
    return found


def _last_line(output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return f"'{lines[-1][:200]}'" if lines else "no output"
