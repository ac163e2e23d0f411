"""`pvdbench methods new`: write the folder of a method that passes every check, to be filled in."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pvdbench.core.errors import MethodError
from pvdbench.io.atomic import replaced_folder
from pvdbench.methods.card import Kind
from pvdbench.methods.folders import check_name

_CARD = """label: {name}
task: deblur
citation: Who made it, and where it is described.
"""

_ADAPTER = '''"""{name}: what it is, in a sentence."""


class Method:
    def load(self, weights, device, **options):  # files and options that method.yaml names; not timed
        self.device = device

    def parameters(self):  # learned ones by part, such as {{"deblur": 1234}}
        return {{}}

    def deblur(self, clip):  # one (3, H, W) frame in [0, 1] per frame of clip; clip.window(t, radius) has neighbours
        for frame in clip:
            yield frame
'''

_FRAMES = """kind: folder
frames:
  path: frames/{{video}}/{{frame}}.png # from here; {{number:05d}} counts from `first`
  first: 0
  frame_offset: 0 # the first file is for so many frames later
"""

_COMMAND = """kind: command
command: # run once per clip: 00000.png and on are in {{input}}, the same names are wanted in {{output}}
  argv: [python3, "{{method}}/run.py", "{{input}}", "{{output}}"] # with env: uv: [run.py, "{{input}}", "{{output}}"]
  env: own
"""

_PROGRAM = '''# /// script
# requires-python = ">=3.9"
# dependencies = []
# ///
"""{name}: what it is, in a sentence."""

import pathlib
import shutil
import sys

source, target = map(pathlib.Path, sys.argv[1:])
for frame in sorted(source.glob("*.png")):
    shutil.copyfile(frame, target / frame.name)
'''

_FILES: Mapping[Kind, Mapping[str, str]] = {
    "python": {"method.yaml": _CARD, "adapter.py": _ADAPTER},
    "folder": {"method.yaml": _CARD + _FRAMES},
    "command": {"method.yaml": _CARD + _COMMAND, "run.py": _PROGRAM},
}


def new_method(folder: Path, name: str, kind: Kind, taken: Sequence[Path]) -> list[Path]:
    """Write folder/NAME.

    Args:
        folder: of methods.
        taken: further folders of methods, whose names are not free.

    Returns: the files.
    Raises:
        MethodError: if the name is not valid or taken.
        WriteError: if the folder cannot be written.
    """
    check_name(name)
    for other in (folder, *taken):
        if os.path.lexists(other / name):
            raise MethodError(f"{other / name}: there is a method of this name; choose another")
    with replaced_folder(folder / name) as partial:
        for file, text in _FILES[kind].items():
            (partial / file).write_text(text.format(name=name), encoding="utf-8")
    return [folder / name / file for file in _FILES[kind]]
