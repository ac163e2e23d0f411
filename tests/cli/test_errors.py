"""What can be mended is one line on standard error and exit code 2, for every command and however long the value."""

import re
import shutil
import subprocess

import click
import pytest
import yaml
from command import files, pvdbench, pvdbench_here
from conftest import ROOT, make_dataset

from pvdbench.cli.main import cli
from pvdbench.core.errors import LONGEST, one_line

LONG = "long-" * 100
"""A value that would fill the screen, and may still be a file's name in parts."""

PROGRESS = re.compile(r"\dit \[|%\|")
"""A bar that was begun before the input was found wrong."""


def leaves(group=cli, path=()):
    """Every command below group as its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The smoke study over a tiny data set, with files that are not what a command wants."""
    root = tmp_path_factory.mktemp("errors")
    subprocess.run(["git", "init", "-q", root], check=True)
    for name in ("input", "static", "tvl1", "pvdnet", "liteflownet", "bimnet", "ifirnn"):
        shutil.copytree(ROOT / "methods" / name, root / "methods" / name)
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    (root / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}, sort_keys=False))
    make_dataset(root / "data" / "smoke", videos=("a",), frames=2)
    shutil.copy(ROOT / "data" / "sources.yaml", root / "data" / "sources.yaml")
    shutil.copy(ROOT / "data" / "splits.csv", root / "data" / "splits.csv")
    shutil.copy(ROOT / "data" / "params.yaml", root / "data" / "params.yaml")
    (root / "empty").mkdir()
    (root / "text.txt").write_text("no frame, no video, no weights\n")
    (root / "bad").mkdir()
    (root / "bad" / "params.yaml").write_text("training: [\n  {\n")
    for name, change in (("longvalue", {"threads": LONG}), ("longkey", {LONG: 1}), ("newline", {"a\nb": 1})):
        (root / name).mkdir()
        (root / name / "params.yaml").write_text(yaml.safe_dump(params | {"root": ".."} | change, sort_keys=False))
    return root


@pytest.fixture
def said(study):
    """Run the command in the study; its standard error."""

    def run(*arguments):
        done = pvdbench_here(*arguments, cwd=study)
        assert done.returncode == 2, done.stdout + done.stderr
        return done.stderr

    return run


WRONG = [
    "validate --study empty",
    "validate --study bad",
    "validate --study longvalue",
    "validate --study longkey",
    "validate --study newline",
    "code --study empty",
    "study plan",
    "study plan --study empty",
    "verify empty",
    "datasets list --data empty",
    "datasets fetch nobody",
    f"datasets fetch {LONG}",
    "datasets fetch su --data empty",
    "datasets fetch su --from text.txt",
    "datasets verify su",
    f"datasets verify su --folder {LONG}",
    "datasets verify real --splits nowhere.csv",
    "datasets add mine nowhere",
    "datasets add mine empty",
    f"datasets add {LONG} empty",
    "datasets add smoke data/smoke",
    "datasets synthesize text.txt --out made",
    "datasets synthesize nowhere.mp4 --out made",
    "datasets synthesize text.txt --out made --window 4",
    "datasets synthesize text.txt --out made --crf nowhere.csv",
    "datasets render nobody --params data/params.yaml --out data/nobody --cost c.json",
    "datasets render smoke --params nowhere.yaml --out data/nobody --cost c.json",
    f"datasets render {LONG} --params data/params.yaml --out data/nobody --cost c.json",
    f"datasets subset {LONG} --params data/params.yaml --out data/nobody",
    "datasets pack nobody",
    f"datasets pack {LONG}",
    "train pretrain --study empty",
    "train motion nobody",
    f"train motion {LONG}",
    "train deblur nobody",
    f"train deblur {LONG}",
    "infer motion smoke nobody",
    f"infer motion {LONG} static",
    f"infer motion smoke {LONG}",
    "infer deblur nowhere input",
    f"infer deblur smoke {LONG}",
    "score motion smoke nobody",
    f"score motion smoke {LONG}",
    "score motion smoke static",
    "score deblur smoke nobody",
    f"score deblur {LONG} input",
    "score deblur smoke input",
    "score truth nowhere",
    f"score truth {LONG}",
    "score volume nowhere",
    f"score volume {LONG}",
    "score folder --truth nowhere --estimate empty --out s.csv",
    "score folder --truth empty --estimate empty --out s.csv",
    "score folder --truth data/smoke/a/GT --estimate empty --out s.csv",
    f"score folder --truth data/smoke/a/GT --estimate data/smoke/a/GT --protocol {LONG} --out s.csv",
    f"score folder --truth {LONG} --estimate data/smoke/a/GT --out s.csv",
    "tables --study empty",
    "tables",
    "tables --format csv",
    f"tables --format latex --name {LONG}",
    "figures --study empty",
    "report --study empty",
    f"report --against {LONG}",
    "weights import nowhere.pth --out w",
    "weights import text.txt --out w",
    "weights import text.txt --out w --method nobody",
    f"weights import text.txt --out w --method {LONG}",
    f"weights import text.txt --out w --method ifirnn --option {LONG}",
    f"weights import text.txt --out w --method ifirnn --option {LONG}=1",
    "weights show nowhere",
    "weights show text.txt",
    f"weights show {LONG}",
    "deblur nowhere --method input --out o",
    "deblur text.txt --method input --out o",
    "deblur empty --method input --out o",
    f"deblur empty --method {LONG} --out o",
    "deblur data/smoke/a/GT --method tvl1 --out o",
    "deblur data/smoke/a/GT --method ifirnn --out o",
    "deblur data/smoke/a/GT --method ifirnn --weights text.txt --out o",
    f"deblur {LONG} --method input --out o",
    "flow nowhere.png text.txt --method tvl1 --out f.flo",
    "flow text.txt text.txt --method tvl1 --out f.flo",
    f"flow text.txt text.txt --method {LONG} --out f.flo",
    "methods list --study empty",
    "study run --study empty",
    f"study run --only {LONG} --dry-run",
    "methods new input",
    "methods new Capital",
    f"methods new {LONG}_",
    "methods check nobody",
    f"methods check {LONG}",
    "methods run nobody smoke",
    f"methods run input {LONG}",
    f"bench method {LONG}",
    "bench method tvl1",
    "bench method ifirnn --option channels",
    f"bench method ifirnn --option {LONG}=4",
    f"bench method ifirnn --option channels={LONG}",
]


def _kept(folder):
    """Its files; that somebody had a lock is no output."""
    return {name: content for name, content in files(folder).items() if name.suffix != ".lock"}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line.replace(LONG, "LONG"))
def test_a_wrong_input_is_one_line_and_writes_nothing(study, said, line):
    before = _kept(study)
    error = [told for told in said(*line.split()).splitlines() if told and not PROGRESS.search(told)]
    assert len(error) == 1 and error[0].startswith("pvdbench: ") and 20 < len(error[0]) <= LONGEST, error
    assert _kept(study) == before


def test_every_command_is_among_them():
    """Those that only measure have no input that could be wrong but numbers, which click checks; `all`: tests/bench."""
    begun = {words for words in leaves() for line in WRONG if tuple(line.split())[: len(words)] == words}
    assert set(leaves()) - begun == {("bench", name) for name in ("all", "training", "loader", "intervals")}


@pytest.mark.parametrize("option", ["training --batch 0", "training --width 0", "training --updates 0",
                                    "training --crop -1", "training --threads 0", "loader --sequence 0",
                                    "loader --workers -1", "loader --size 0 4", "loader --batches 0",
                                    "method input --size 8 8", "method input --threads 0"])  # fmt: skip
def test_a_number_that_cannot_be_is_clicks_own_error(said, option):
    assert "Error: Invalid value for '--" in said("bench", *option.split())


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\x0bb"])
def test_no_name_breaks_the_line_or_reaches_the_terminal_as_a_code(said, name):
    error = said("weights", "show", name)
    assert len(error.splitlines()) == 1 and error.rstrip("\n").isprintable(), repr(error)


def test_a_long_line_keeps_its_beginning_and_what_to_do():
    text = f"params.yaml: key: got '{'x' * 1000}'; correct it"
    line = one_line(text)
    assert len(line) == LONGEST == 299 and "..." in line
    assert line.startswith("params.yaml: key: got 'xxx") and line.endswith("xxx'; correct it")
    assert one_line("a\n  b\n\n c") == "a b c" and one_line("a  b") == "a  b"
    assert one_line("y" * 299) == "y" * 299 and len(one_line("y" * 300)) == 299


def test_a_path_that_may_not_be_used_is_a_line_and_a_fault_of_ours_a_traceback(said, monkeypatch):
    def fail(error):
        def raises(*_, **__):
            raise error

        return raises

    monkeypatch.setattr("pvdbench.io.weights.load_weights", fail(PermissionError(13, "Permission denied", "there")))
    assert said("weights", "show", "there") == (
        "pvdbench: cannot use there: Permission denied; name another path or mend its permissions\n"
    )
    monkeypatch.setattr("pvdbench.io.weights.load_weights", fail(FileNotFoundError(2, "No such file", "ours")))
    with pytest.raises(FileNotFoundError):
        said("weights", "show", "there")


def test_an_error_is_one_line_from_the_command_in_a_process_of_its_own(study):
    run = pvdbench("weights", "show", LONG, cwd=study)
    assert run.returncode == 2 and run.stdout == ""
    assert len(run.stderr.splitlines()) == 1 and len(run.stderr) <= 301


@pytest.mark.parametrize("path", [(), *sorted({words[:-1] for words in leaves() if len(words) > 1})],
                         ids=lambda path: "-".join(path) or "pvdbench")  # fmt: skip
def test_the_help_of_a_group_names_its_commands_and_says_what_each_does(path):
    group = cli
    for name in path:
        group = group.commands[name]
    told = group.get_help(click.Context(group, info_name=" ".join(("pvdbench", *path))))
    listed = re.findall(r"^  ([a-z]+)(?:  +(\S.*))?$", told[told.index("Commands:") :], re.MULTILINE)
    assert {name for name, _ in listed} == set(group.commands)
    assert all(words for _, words in listed), told


@pytest.mark.parametrize("words", sorted(leaves()), ids="-".join)
def test_a_command_explains_itself_and_its_options(words):
    command = cli
    for name in words:
        command = command.commands[name]
    assert command.help and command.help.strip().splitlines()[0]
    unexplained = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not unexplained, f"{' '.join(words)}: {unexplained}"
