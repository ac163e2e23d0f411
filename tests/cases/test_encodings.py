"""Names and files in other alphabets, names that are no UTF-8, and locales that are none: UTF-8 whatever the locale."""

import ast
import os
import subprocess
import sys
from unicodedata import normalize

import pandas as pd
import pytest
from command import one_line, pvdbench_here
from conftest import METHODS, ROOT
from sample_clips import clip, pair
from score_folder import score

from pvdbench.core.errors import DataError, ParamsError
from pvdbench.core.params import read_params
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.params import DataParams
from pvdbench.io.tables import BLUR, read_text_table, write_table

NO_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
GBK = os.fsdecode(b"\xb2\xe2\xca\xd4")
_TEXT = ("read_text", "write_text", "open", "run", "Popen", "check_output")
_NOT_TEXT = {"Image", "archive", "av", "os", "tarfile", "webbrowser"}
_OURS = "read_text"  # as a function: that of core/whole_file.py, which is UTF-8


def without_encoding(source):
    """The lines that read or write text in the locale's encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function, keywords = node.func, {word.arg for word in node.keywords}
        name = getattr(function, "attr", getattr(function, "id", ""))
        owner = getattr(getattr(function, "value", None), "id", "")
        modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        binary = any("b" in mode and len(mode) <= 3 for mode in modes)
        of_text = name in _TEXT[:3] or (name in _TEXT and keywords & {"text", "universal_newlines"})
        if isinstance(function, ast.Name) and function.id == _OURS:
            continue
        if of_text and owner not in _NOT_TEXT and "encoding" not in keywords and not binary:
            yield node.lineno


def test_every_text_is_opened_as_utf8():
    paths = [path for top in ("pvdbench", "methods") for path in (ROOT / top).rglob("*.py")]
    found = [f"{path}:{line}" for path in paths for line in without_encoding(path.read_text(encoding="utf-8"))]
    assert not found and len(paths) > 100
    assert list(without_encoding("a.read_text()\nopen(x, 'w')\nrun(c, text=True)\n")) == [1, 2, 3]
    assert not list(without_encoding("a.read_text(encoding='utf-8')\nopen(x, 'rb')\nrun(c)\nImage.open(x)\n"))


def in_no_locale(*arguments, cwd, more=None):
    code = "from pvdbench.cli.main import main; main()"
    environment = os.environ | NO_LOCALE | {"PYTHONPATH": str(ROOT)} | (more or {})
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=cwd, capture_output=True, check=False,
        encoding="utf-8", errors="surrogateescape", env=environment,
    )  # fmt: skip


def test_case_37_parameters_are_utf8_whatever_the_locale(tmp_path):
    path = tmp_path / "params.yaml"
    text = (ROOT / "data/params.yaml").read_text(encoding="utf-8") + "# unschärfer, съёмка\n"
    path.write_text(text, encoding="utf-8")
    code = "import sys; from pathlib import Path; from pvdbench.core.params import read_params;"
    code += "from pvdbench.datasets.params import DataParams; read_params(Path(sys.argv[1]), DataParams)"
    environment = os.environ | NO_LOCALE | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "gbk"])
def test_parameters_that_are_no_utf8_are_refused_in_a_line(tmp_path, encoding):
    text = {"gbk": "# 测试\n"}.get(encoding, "# unschärfer\n")
    (tmp_path / "params.yaml").write_bytes(text.encode(encoding))
    with pytest.raises(ParamsError, match=r"params\.yaml: this file is no UTF-8"):
        read_params(tmp_path / "params.yaml", DataParams)


@pytest.mark.parametrize("name", ["съёмка 1", "测试", "é 00", "a b", "été"])
def test_case_37_other_alphabets_and_spaces(tmp_path, name):
    pair(tmp_path / "in" / name / "blur", tmp_path / "in" / name / "sharp", [f"{name} 000", f"{name} 001"])
    run = pvdbench_here("datasets", "add", "own", tmp_path / "in", "--data", tmp_path / "data")
    assert run.returncode == 0 and name in run.stdout, run.stderr
    (one,) = read_clips(tmp_path / "data/own", "test")
    assert one.video == name and [frame.name for frame in one.frames] == [f"{name} 000", f"{name} 001"]


@pytest.mark.parametrize("more", [{}, {"PYTHONIOENCODING": "latin-1"}])
def test_case_37_what_a_locale_cannot_print_is_no_traceback(tmp_path, more):
    pair(tmp_path / "in/съёмка/blur", tmp_path / "in/съёмка/sharp", ["кадр 000", "кадр 001"])
    run = in_no_locale("datasets", "add", "own", "in", "--data", "data", cwd=tmp_path, more=more)
    assert "Traceback" not in run.stderr, run.stderr
    assert run.returncode in (0, 2)
    if run.returncode == 0:
        assert read_clips(tmp_path / "data/own", "test")[0].video == "съёмка"
    else:
        assert not (tmp_path / "data/own").exists() and run.stderr.strip().splitlines()[-1].startswith("pvdbench: ")
    pair(tmp_path / "in/съёмка/blur", tmp_path / "in/съёмка/sharp", ["кадр 000", "кадр 001"])
    assert pvdbench_here("datasets", "add", "two", tmp_path / "in", "--data", tmp_path / "data").returncode == 0
    listed = in_no_locale("datasets", "list", "--data", "data", cwd=tmp_path, more=more)
    assert listed.returncode == 0 and "two: 1 videos, 2 frames to test" in listed.stdout, listed.stderr


def test_case_37_a_name_that_is_no_utf8(tmp_path):
    clip(tmp_path / "raw", ["000"])
    (tmp_path / "raw/000.png").rename(tmp_path / "raw" / f"{GBK}.png")
    run = pvdbench_here("score", "folder", "--truth", tmp_path / "raw", "--estimate", tmp_path / "raw",
                        "--protocol", "plain-rgb", "--out", tmp_path / "s.csv")  # fmt: skip
    assert run.returncode == 0 or "no UTF-8" in one_line(run)
    run = pvdbench_here("deblur", tmp_path / "raw", "--method", "input", "--methods", METHODS, "--out", tmp_path / "o")
    assert run.returncode == 0, run.stderr
    for frame in (GBK, f"a{GBK}"):
        with pytest.raises(DataError, match="a name in it is no UTF-8"):
            write_table(tmp_path / "t.csv", pd.DataFrame([(frame, 1.0)], columns=list(BLUR)), BLUR)
    assert not list(tmp_path.glob("t.csv*"))
    write_table(tmp_path / "t.csv", pd.DataFrame([("съёмка", 1.0)], columns=list(BLUR)), BLUR)
    assert read_text_table(tmp_path / "t.csv")["frame"].tolist() == ["съёмка"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("kind_first", [False, True])
def test_accents_as_macos_writes_them_are_the_same_names(tmp_path, form, kind_first):
    def place(top, kind, form):
        clip, frame = normalize(form, "été"), normalize(form, "é")
        folder = f"{kind}/{clip}" if kind_first else f"{normalize('NFC', 'été')}/{kind}"
        return tmp_path / top / folder, [frame + "0", frame + "1"]

    for kind, how in (("blur", form), ("sharp", "NFC" if form == "NFD" else "NFD")):
        folder, names = place("in", kind, how)
        pair(*((folder, None) if kind == "blur" else (tmp_path / "rest", folder)), names)
    run = pvdbench_here("datasets", "add", "own", tmp_path / "in", "--data", tmp_path / "data")
    assert run.returncode == 0, run.stderr
    (one,) = read_clips(tmp_path / "data/own", "test")
    assert len(one.frames) == 2 and all(frame.sharp.is_file() for frame in one.frames)
    for side, how in (("truth", form), ("ours", "NFC" if form == "NFD" else "NFD")):
        clip(tmp_path / side / normalize(how, "été"), [normalize(how, "é0"), normalize(how, "é1")])
    run = score(tmp_path)
    assert run.stdout == "plain-rgb: identical over 2 frames\n", run.stderr
