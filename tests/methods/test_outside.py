"""Methods that run outside: programs in their own environment, and frames that are there already."""

import importlib.util
import shutil
import sys
import time

import pytest
import torch
from conftest import make_dataset
from fake_method import CARD

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.io.images import read_frame, write_frame
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import get_ready, load_deblurrer
from pvdbench.methods.precomputed import FrameName
from pvdbench.methods.template import new_method

CPU = torch.device("cpu")
HAS_UV = shutil.which("uv") is not None or importlib.util.find_spec("uv") is not None

COPY = """
import pathlib, shutil, sys
source, target = map(pathlib.Path, sys.argv[1:3])
for frame in sorted(source.glob("*.png")):
    shutil.copyfile(frame, target / frame.name)
"""


def program(place, text, *, argv="", card=""):
    """place/x, a command that runs text in this Python."""
    (place / "x").mkdir(parents=True, exist_ok=True)
    argv = argv or f"['{sys.executable}', '{{method}}/run.py', '{{input}}', '{{output}}']"
    (place / "x" / "method.yaml").write_text(CARD + f"kind: command\ncommand: {{argv: {argv}}}\n" + card)
    (place / "x" / "run.py").write_text(text)
    return place


def ready(place, name="x", *, log=None, given=None):
    method = load_deblurrer(place, name)
    if log:
        method.log = log
    get_ready(method, place, name, CPU, given=given)
    return method


@pytest.fixture
def clip(tmp_path):
    paths = sorted((make_dataset(tmp_path / "set", videos=("a",), frames=3) / "a" / "input").iterdir())
    return Clip(paths, video="a")


def test_a_program_gives_its_frames_and_its_output_is_kept(tmp_path, clip):
    place = program(tmp_path / "methods", COPY + "print('hello', flush=True); print('there', file=sys.stderr)")
    outputs = list(ready(place, log=tmp_path / "logs" / "x.log").deblur(clip))
    assert all(map(torch.equal, outputs, clip)) and len(outputs) == 3
    log = (tmp_path / "logs" / "x.log").read_text()
    assert log.startswith("a: ") and "hello\n" in log and "there\n" in log


def test_weights_options_and_a_working_folder_reach_the_program_and_our_environment_does_not(
    tmp_path, clip, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    text = COPY + (
        "import os\nassert 'PYTHONPATH' not in os.environ and os.environ['OMP_NUM_THREADS']\n"
        "assert open(sys.argv[3]).read() == 'net' and sys.argv[4] == '0.5; $HOME {'\n"
        "assert pathlib.Path.cwd() == source.parent.resolve() and not sys.stdin.read()\n"
    )
    argv = (
        f"['{sys.executable}', '{{method}}/run.py', '{{input}}', '{{output}}', '{{weights}}', '{{amount}}; $HOME {{{{']"
    )
    place = program(tmp_path, text, argv=argv, card="weights: {net: {file: net.pt}}\noptions: {amount: 0.5}\n")
    (place / "x" / "net.pt").write_text("net")
    assert len(list(ready(place).deblur(clip))) == 3


def test_a_program_may_spoil_its_copies(tmp_path, clip):
    text = COPY + "for frame in source.glob('*.png'): frame.write_bytes(b'')"
    before = [path.read_bytes() for path in clip._paths]
    list(ready(program(tmp_path / "m", text)).deblur(clip))
    assert [path.read_bytes() for path in clip._paths] == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import sys; print('no memory'); sys.exit(3)",
            r"a: the program ended with exit code 3, and its last line was 'no memory'; mend",
        ),
        (
            "import sys; sys.exit(f'{sys.argv[1]}/x: damaged')",
            r"its last line was 'input/x: damaged'; mend the program",
        ),
        ("import sys; sys.exit(1)", r"exit code 1, and its last line was not there: no output; mend the program"),
        (COPY + "(target / '00001.png').unlink()", r"left no readable 00001\.png in \{output\}"),
        (COPY + "(target / '00002.png').write_bytes(b'x')", r"left no readable 00002\.png in \{output\}"),
        ("import os; os.kill(os.getpid(), 9)", r"exit code -9, and its last line was not there: no output"),
    ],
)
def test_a_program_that_fails_is_named_with_what_it_said_last(tmp_path, clip, text, message):
    with pytest.raises(MethodError, match=message):
        list(ready(program(tmp_path / "m", text), log=tmp_path / "x.log").deblur(clip))


def test_a_program_that_hangs_is_stopped_with_all_that_it_started(tmp_path, clip):
    mark = tmp_path / "still-here"
    text = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', \"import time; time.sleep(3); open('{mark}', 'w')\"])\n"
        "print('waiting', flush=True)\ntime.sleep(99)\n"
    )
    start = time.monotonic()
    with pytest.raises(
        MethodError,
        match=r"did not end within 1\.5 s, and its last line was 'waiting'; make it faster or raise seconds_a_frame",
    ):
        list(ready(program(tmp_path / "m", text, card="seconds_a_frame: 0.5\n")).deblur(clip))
    assert time.monotonic() - start < 3
    time.sleep(max(0, start + 4.5 - time.monotonic()))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            "[no-such-program-here]",
            "the program no-such-program-here is not there, or cannot be executed; install",
        ),
        ("['{inputs}']", "command.argv: 'inputs' cannot be filled in; use"),
    ],
)
def test_a_program_that_is_not_there_or_misspelt(tmp_path, clip, argv, message):
    with pytest.raises(MethodError, match=message):
        list(ready(program(tmp_path / "m", "", argv=argv)).deblur(clip))


@pytest.mark.skipif(not HAS_UV, reason="needs uv: pip install uv")
def test_uv_runs_a_script_with_inline_metadata_in_an_environment_of_its_own(tmp_path, clip, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    metadata = '# /// script\n# requires-python = ">=3.9"\n# dependencies = []\n# ///\n'
    no_ours = (
        "\ntry:\n    import torch\nexcept ImportError:\n    print('isolated')\nelse:\n    sys.exit('torch is here')\n"
    )
    place = program(tmp_path / "m", metadata + COPY + no_ours, argv="[run.py, '{input}', '{output}']")
    card = place / "x" / "method.yaml"
    card.write_text(card.read_text().replace("'{output}']", "'{output}'], env: uv"))
    outputs = list(ready(place, log=tmp_path / "x.log").deblur(clip))
    assert len(outputs) == 3 and "isolated" in (tmp_path / "x.log").read_text()


def precomputed(place, template, *, offset=0):
    (place / "x").mkdir(parents=True)
    frames = f"frames: {{path: '{template}', frame_offset: {offset}}}\n"
    (place / "x" / "method.yaml").write_text(CARD + "kind: folder\n" + frames)
    return place


def results(folder, clip, names):
    folder.mkdir(parents=True)
    for name, path in zip(names, clip._paths, strict=True):
        write_frame(folder / name, 255 - read_frame(path))


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("out/{video}/{frame}.png", ["00000.png", "00001.png", "00002.png"]),
        ("out/{video}/{frame:02d}_x.png", ["00_x.png", "01_x.png", "02_x.png"]),
        ("out/{video}/im{number}.png", ["im0.png", "im1.png", "im2.png"]),
    ],
)
def test_frames_are_found_by_their_template(tmp_path, clip, template, names):
    place = precomputed(tmp_path / "m", template)
    results(place / "x" / "out" / "a", clip, names)
    outputs = list(ready(place).deblur(clip))
    assert all(torch.allclose(output, 1 - frame) for output, frame in zip(outputs, clip, strict=True))


@pytest.mark.parametrize("first", [1, 7])
def test_results_may_be_counted_from_any_number(tmp_path, clip, first):
    place = precomputed(tmp_path / "m", "out/{video}/{number:02d}.png", offset=f"0, first: {first}")
    results(place / "x" / "out" / "a", clip, [f"{first + t:02d}.png" for t in range(3)])
    outputs = list(ready(place).deblur(clip))
    assert all(torch.allclose(output, 1 - frame) for output, frame in zip(outputs, clip, strict=True))
    for surplus in (first - 1, first + 3):
        more = place / "x" / "out" / "a" / f"{surplus:02d}.png"
        shutil.copyfile(more.with_name(f"{first:02d}.png"), more)
        with pytest.raises(MethodError, match=rf"{more.name}: a result beyond .* counts from {first}; write frames"):
            list(ready(place).deblur(clip))
        more.unlink()


@pytest.mark.parametrize(("offset", "shown"), [(1, [0, 0, 1]), (-1, [1, 2, 2])])
def test_an_offset_gives_the_first_file_to_a_later_frame_and_repeats_the_end(tmp_path, clip, offset, shown):
    place = precomputed(tmp_path / "m", "{frame}.png", offset=offset)
    for name, path in zip(clip.names, clip._paths, strict=True):
        write_frame(place / "x" / f"{name}.png", read_frame(path))
    outputs = list(ready(place).deblur(clip))
    assert all(torch.equal(output, clip[t]) for output, t in zip(outputs, shown, strict=True))


@pytest.mark.parametrize("template", ["{video}.png", "{clip}/{frame}.png", "{frame"])
def test_a_template_that_cannot_be_filled_is_refused(tmp_path, template):
    place = precomputed(tmp_path, template)
    with pytest.raises(MethodError, match=r"method\.yaml: frames\.path: .* (cannot be filled|names one file)"):
        ready(place)


@pytest.mark.parametrize("template", ["{frame:q}.png", "{0}.png", "{frame.name}.png", "{frame!r}.png"])
def test_a_field_is_a_name_and_for_numbers_its_digits(tmp_path, template):
    with pytest.raises(ParamsError, match=r"method\.yaml: frames\.path: .* a field is a name in braces"):
        ready(precomputed(tmp_path, template))


def test_a_frame_that_is_not_there_is_named(tmp_path, clip):
    with pytest.raises(MethodError, match=r"gone/00000\.png: this frame is not there"):
        list(ready(precomputed(tmp_path / "m", "gone/{frame}.png")).deblur(clip))


def test_a_name_that_is_no_number_cannot_be_formatted_as_one():
    assert f"{FrameName('0012'):06d}" == "000012" and f"{FrameName('a1'):>4}" == "  a1"
    with pytest.raises(ValueError, match="invalid literal"):
        f"{FrameName('a1'):06d}"


def test_a_new_folder_method_names_where_its_frames_go(tmp_path):
    new_method(tmp_path, "mine", "folder", [])
    card = read_card(tmp_path, "mine")
    assert card.frames is not None
    assert load_deblurrer(tmp_path, "mine").path("v", ["7"], 0) == tmp_path / "mine" / "frames" / "v" / "7.png"
