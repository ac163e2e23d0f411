"""Fingerprints of code: an edit of what a command runs changes its own, and an edit of anything else does not."""

import ast
import json
import shutil
import subprocess
import sys
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from outside_package import OutsidePackage, add_method

from pvdbench.cli import study as study_commands
from pvdbench.cli.main import cli
from pvdbench.core.errors import StudyError
from pvdbench.study.code_records import record_code, stage_commands
from pvdbench.study.fingerprints import CommandFunction, command_fingerprint, imported_files
from pvdbench.study.study import load_study

command_function = partial(study_commands.command_function, cli)
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
COMMANDS = stage_commands(ROOT / "dvc.yaml")
WITH_ROWS = ("train-motion", "train-deblur", "motion", "deblur")
SHARED = {"qualitative": "deblur"}
"""Stages that run what another one runs, on other data."""


KINDS = [(stage, "") for stage in COMMANDS if stage not in ("train-motion", "train-deblur")]
KINDS += [("train-motion", "motion"), ("train-deblur", "pvdnet"), ("train-deblur", "competitor")]
"""Every stage, and for those that train rows every kind of row that is trained."""


def fingerprint(stage, tree=ROOT, choice=""):
    return command_fingerprint(command_function(COMMANDS[stage]), choice=choice, tree=tree)


def code(stage, choice=""):
    return set(fingerprint(stage, choice=choice)["code"])


# ---------------------------------------------------------------- dvc.yaml


@pytest.mark.parametrize("name", [name for name in STAGES if name != "code"])
def test_a_stage_depends_on_the_fingerprint_of_its_code(name):
    stage = STAGES[name].get("do", STAGES[name])
    row = "${key}" if "${key}" in stage["cmd"] else "${item.row}"
    file = f"{SHARED.get(name, name)}/{row}.json" if SHARED.get(name, name) in WITH_ROWS else f"{name}.json"
    expected = {f"data/code/{file}"} | ({"data/code/motion", "data/code/deblur"} if name == "report" else set())
    assert {dep for dep in stage["deps"] if dep.startswith("data/code")} == expected


def test_every_stage_has_a_command_that_is_there():
    assert set(COMMANDS) == set(STAGES) - {"code"} - set(SHARED)
    for words in COMMANDS.values():
        found = command_function(words)
        assert found.module == f"pvdbench.cli.{'report' if len(words) == 1 else words[0]}"
    for name, other in SHARED.items():
        assert STAGES[name]["cmd"] == STAGES[other]["cmd"]
    with pytest.raises(StudyError, match="'pvdbench infer sharpen x': no such command"):
        command_function(["infer", "sharpen", "x"])


def test_what_a_machine_took_is_in_no_output_and_in_no_dependency():
    """Nor what names the commit and the hardware: the page."""
    for pipeline in (ROOT / "dvc.yaml", ROOT / "data" / "dvc.yaml"):
        for stage in yaml.safe_load(pipeline.read_text())["stages"].values():
            stage = stage.get("do", stage)
            files = [
                *stage["deps"],
                *(next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])),
            ]
            assert not [file for file in files if file.startswith("data/cost") or file == "rendering/sample.json"]
    assert STAGES["report"]["outs"] == [{"reports/assets/scores": {"cache": False}}]


def test_rows_without_a_network_do_not_wait_for_pretrain():
    start, made = "data/weights/start/{}.safetensors", STAGES["pretrain"]["outs"]
    assert start.format("${item.network}") in STAGES["train-motion"]["do"]["deps"]
    assert start.format("liteflownet") in made
    assert {start.format("none"), start.format("flownet2")} <= set(STAGES["code"]["outs"])
    for params in (ROOT / "params.yaml", *ROOT.glob("studies/*/params.yaml")):
        rows = yaml.safe_load(params.read_text())["motion"]
        assert {rows[name]["network"] for name in ("static", "tvl1") if name in rows} == {"none"}


def test_data_sets_depend_on_the_renderer():
    stages = yaml.safe_load((ROOT / "data" / "dvc.yaml").read_text())["stages"]
    for name in ("sample", "smoke"):
        assert stages[name]["deps"] == ["rendering/code.json"]
    words = stages["code"]["cmd"].partition('--command "')[2].partition('"')[0]
    assert stages["sample"]["cmd"].startswith(f"pvdbench {words} ")
    files = command_fingerprint(command_function(words.split()))["code"]
    assert "pvdbench/datasets/rendered/render.py" in files and "pvdbench/study/study.py" not in files


@pytest.mark.parametrize(
    "name", [n for n in COMMANDS if n.startswith(("truth", "score", "tables", "figures", "report"))]
)
def test_scores_tables_and_report_never_see_a_network(name):
    networks = ("pvdbench/inference", "pvdbench/training", "pvdbench/networks")
    # no networks: recipes, with which the report compares a study's own; what params.yaml may say; and the pixel volume
    # itself, which Sec. 4.4 counts and Fig. 4 shows
    recipes = {"pvdbench/training/params.py", "pvdbench/networks/params.py"}
    volume = {f"pvdbench/networks/{module}.py" for module in ("pixel_volume", "candidates", "kernels", "triton_volume")}
    recipes |= volume if name in ("score-volume", "figures", "report") else set()
    assert not [path for path in code(name) - recipes if path.startswith(networks)]


def test_studies_run_over_equal_copies_of_the_pipeline():
    copies = list(ROOT.glob("studies/*/dvc.yaml"))
    assert {path.parent.name for path in copies} >= {"smoke", "paper"}
    assert {path.read_bytes() for path in copies} == {(ROOT / "dvc.yaml").read_bytes()}


# ---------------------------------------------------------------- the closure


@pytest.fixture
def package(tmp_path):
    """Files of a package by their text."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / "pvdbench" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_closure_follows_imports_inside_functions_and_takes_what_lies_beside(package):
    tree = package({
        "one/a.py": "def f():\n    from pvdbench.one import b\n",
        "one/b.py": "import pvdbench.two.c\nimport json\n",
        "two/c.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pvdbench.two import other\n",
        "two/other.py": "",
        "two/templates/page.html": "",
    })  # fmt: skip
    found = {path.relative_to(tree).as_posix() for path in imported_files(["pvdbench.one.a"], tree)}
    assert found == {f"pvdbench/{name}" for name in ("one/a.py", "one/b.py", "two/c.py", "two/templates/page.html")}


COMMAND = '''
"""Two commands."""
import click
from pvdbench.cli.options import folder
from pvdbench.heavy import unused

LIMIT = 3

@click.group()
def group(): ...

def helper():
    from pvdbench.lib import a
    return a.run(LIMIT)

@group.command()
@folder
def one(folder):
    """Help."""
    return helper()

@group.command()
def other():
    from pvdbench.lib import b

def _small(): from pvdbench.lib import small
def _large(): from pvdbench.lib import large
TRAINERS = {"small": _small, "large": _large}

@group.command()
def choose(kind):
    TRAINERS[kind]()
'''
OPTIONS = "import click\nfolder = click.option('--folder')\nelse_ = 1\n"


def test_a_commands_own_function_and_what_it_uses_are_its_fingerprint(package):
    def of(name="one", command=COMMAND, options=OPTIONS, choice=""):
        empty = dict.fromkeys(("heavy.py", "lib/a.py", "lib/b.py", "lib/small.py", "lib/large.py"), "")
        tree = package({"cli/x.py": command, "cli/options.py": options} | empty)
        return command_fingerprint(CommandFunction("pvdbench.cli.x", name), choice=choice, tree=tree)

    first = of()
    assert set(first["code"]) == {"pvdbench/lib/a.py"}  # neither other commands' nor what no code of it uses
    for edit in (("LIMIT = 3", "LIMIT = 4"), ("a.run(LIMIT)", "a.run(LIMIT) + 1"), ("return helper()", "helper()")):
        assert of(command=COMMAND.replace(*edit)) != first, edit
    assert of(options=OPTIONS.replace("'--folder'", "'--place'")) != first
    for edit in (('"""Help."""', '"""Other help."""'), ("import b", "import a"), ("def other", "def another")):
        assert of(command=COMMAND.replace(*edit)) == first, edit
    assert of(options=OPTIONS + "more = 2\n") == first
    small = of("choose", choice="small")
    assert set(small["code"]) == {"pvdbench/lib/small.py"}
    edited = COMMAND.replace("def _large():", "def _large(): LIMIT;")
    assert of("choose", command=edited, choice="small") == small != of("choose", command=edited, choice="large")


def test_closure_follows_the_python_api_and_what_runs_in_place_of_type_checking(package):
    tree = package({
        "__init__.py": "def __getattr__(name):\n    from pvdbench import api\n    return getattr(api, name)\n",
        "api.py": "from pvdbench.one import a\n",
        "one/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pvdbench.one import b\n"
                    "else:\n    from pvdbench.one import c\nif not TYPE_CHECKING:\n    from pvdbench.one import d\n",
        "one/b.py": "", "one/c.py": "", "one/d.py": "",
    })  # fmt: skip
    for number, statement in enumerate(("from pvdbench import score_folders", "def f():\n    import pvdbench")):
        (tree / "pvdbench" / f"user{number}.py").write_text(statement)
        files = {
            path.relative_to(tree / "pvdbench").as_posix() for path in imported_files([f"pvdbench.user{number}"], tree)
        }
        assert {"__init__.py", "api.py", "one/a.py", "one/c.py", "one/d.py"} < files and "one/b.py" not in files


def test_every_statement_that_gives_a_name_its_meaning_is_in_the_text(package):
    command = (
        "A, B = 1, 2\nC = {}\nC['key'] = 3\nC |= {4: 4}\ntry:\n    from pvdbench.lib import a\n"
        "except ImportError:\n    a = None\n\ndef f():\n    return A, C, a\n"
    )

    def of(command):
        tree = package({"cli/x.py": command, "lib/a.py": "", "lib/b.py": ""})
        return command_fingerprint(CommandFunction("pvdbench.cli.x", "f"), tree=tree)

    first = of(command)
    assert set(first["code"]) == {"pvdbench/lib/a.py"}
    for edit in (
        ("1, 2", "2, 2"),
        ("= 3", "= 5"),
        ("{4: 4}", "{4: 5}"),
        ("a = None", "a = 1"),
        ("lib import a", "lib import b as a"),
    ):
        assert of(command.replace(*edit)) != first, edit


def test_packages_that_hold_code_are_part_of_what_imports_from_them(package):
    command = "def f():\n    from pvdbench.one import a\n    from pvdbench.two import b\n"
    packages = {"one/__init__.py": '"""Only words."""\n', "two/__init__.py": "VALUE = 1\n"}
    tree = package(packages | {"one/a.py": "", "two/b.py": "", "cli/x.py": command})
    found = command_fingerprint(CommandFunction("pvdbench.cli.x", "f"), tree=tree)["code"]
    assert set(found) == {"pvdbench/one/a.py", "pvdbench/two/__init__.py", "pvdbench/two/b.py"}


def test_installed_packages_are_part_of_what_loads_their_entry_points(package, monkeypatch, tmp_path):
    command = "def f():\n    from pvdbench.scoring import registry\n\ndef g(): ...\n"
    tree = package({"scoring/registry.py": '_GROUP: Group = "pvdbench.protocols"\n', "cli/x.py": command})
    (tmp_path / "their_package").mkdir()
    (tmp_path / "their_package" / "__init__.py").write_text("")
    metric = tmp_path / "their_package" / "metric.py"
    points = {"pvdbench.protocols": [EntryPoint("nrmse", "their_package.metric:PROTOCOLS", "pvdbench.protocols")]}
    monkeypatch.setattr("pvdbench.study.fingerprints.entry_points", lambda group: points.get(group, []))
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for text in ("a = 1\n", "a = 2\n"):
        metric.write_text(text)
        found.append(command_fingerprint(CommandFunction("pvdbench.cli.x", "f"), tree=tree))
        assert set(found[-1]["packages"]) == {"their_package/__init__.py", "their_package/metric.py"}
    (tmp_path / "their_package" / "weights.csv").write_text("1\n")
    found.append(command_fingerprint(CommandFunction("pvdbench.cli.x", "f"), tree=tree))
    assert found[0] != found[1] != found[2]
    assert command_fingerprint(CommandFunction("pvdbench.cli.x", "g"), tree=tree)["packages"] == {}


def test_package_docstrings_hold_no_code_that_the_closure_would_miss():
    for path in ROOT.glob("pvdbench/*/**/__init__.py"):
        assert len(ast.parse(path.read_text()).body) == 1, path


@pytest.mark.parametrize(("stage", "choice"), KINDS)
def test_an_edit_of_any_module_that_a_stage_imports_changes_its_fingerprint(tmp_path, stage, choice):
    """One line in each module in turn; which ones are imported is asked of Python itself, not of us."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "pvdbench", tree / "pvdbench", ignore=shutil.ignore_patterns("__pycache__"))
    before, loaded = fingerprint(stage, tree, choice), _loaded(stage, choice)
    assert len(loaded) >= 10
    for name in loaded:
        text = (tree / name).read_text()
        (tree / name).write_text(text + "edited = 1\n")
        assert fingerprint(stage, tree, choice) != before, name
        (tree / name).write_text(text)
    for path in tree.glob("pvdbench/cli/*.py" if stage == "report" else "pvdbench/report/*.py"):
        path.write_text(path.read_text() + "edited = 1\n")
    assert fingerprint(stage, tree, choice) == before


def _loaded(stage, choice):
    """The files of pvdbench that importing all that a stage's functions import loads, by a fresh Python."""
    found = command_function(COMMANDS[stage])
    names = {found.name, f"_{choice}"} | ({"_train"} if stage.startswith(("train", "pretrain")) else set())
    functions = [node for node in ast.parse((ROOT / f"{found.module.replace('.', '/')}.py").read_text()).body
                 if getattr(node, "name", "") in names]  # fmt: skip
    imported = [ast.unparse(node) for function in functions for node in ast.walk(function)
                if isinstance(node, ast.ImportFrom)]  # fmt: skip
    ask = (
        "import json, sys\nprint(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith('pvdbench.')]))"
    )
    command = [sys.executable, "-c", "\n".join([*imported, ask])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = {Path(file).relative_to(ROOT).as_posix() for file in json.loads(done.stdout)}
    return {file for file in files if not file.endswith("__init__.py")}


# ---------------------------------------------------------------- records of rows

ADAPTER = "class Method: ...\n"
CARD = "label: x\ntask: deblur\ncitation: c\n"


def copy_study(folder):
    """The default study with its own copy of the methods, and two rows that tests add to."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    shutil.copytree(ROOT / "methods", folder / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dvc.yaml", folder / "dvc.yaml")
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    (folder / "data" / "given").mkdir(parents=True)
    return folder


@pytest.fixture
def study(tmp_path):
    return copy_study(tmp_path)


@pytest.fixture(scope="module")
def unedited(tmp_path_factory):
    """A study that no test changes, its records written."""
    folder = copy_study(tmp_path_factory.mktemp("unedited"))
    records(folder)
    return folder


@pytest.fixture(scope="module")
def before(unedited):
    """The records of the study as it is."""
    return read_records(unedited)


def edit(study, change):
    params = yaml.safe_load((study / "params.yaml").read_text())
    change(params)
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def records(study):
    record_code(load_study(study), command_function)
    return read_records(study)


def read_records(study):
    folder = study / "data" / "code"
    return {path.relative_to(folder).with_suffix("").as_posix(): path.read_bytes() for path in folder.rglob("*.json")}


def changed(before, after):
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_every_row_has_a_record_for_each_stage_that_runs_it(study, before):
    params = yaml.safe_load((study / "params.yaml").read_text())
    rows = {"motion": params["motion"], "deblur": params["deblur"]}
    expected = {stage for stage in COMMANDS if stage not in WITH_ROWS}
    expected |= {f"{stage}/{row}" for stage in WITH_ROWS for row in rows[stage.removeprefix("train-")]}
    assert set(before) == expected and records(study) == before


def test_an_edited_method_changes_the_records_of_its_rows_alone(study, before):
    adapter = study / "methods" / "tvl1" / "adapter.py"
    adapter.write_text(adapter.read_text() + "a = 2\n")
    assert changed(before, records(study)) == {"motion/tvl1"}


def test_an_edited_pvdnet_and_its_recipe_train_no_competitor_again(study, before):
    edit(study, lambda params: params["training"]["deblur"].update(steps=751))
    ours = {"baseline", "mc", "bimc", "mc-pv", "mc-e2e-pv", "bimc-pv", "small", "small-mc"}
    assert changed(before, records(study)) == {f"train-deblur/{row}" for row in ours}
    names = ("pvdnet", "video_deblurrer", "pixel_volume")
    for row in ("deepdeblur", "dvd", "ifirnn", "input"):
        for stage in ("train-deblur", "deblur"):
            record = json.loads(before[f"{stage}/{row}"])
            files = {*record["code"], *record.get("imports", {})}
            assert not [file for file in files if Path(file).stem in names and "networks" in file], (stage, row)
    for row in ours:
        assert "pvdbench/networks/pvdnet.py" in json.loads(before[f"train-deblur/{row}"])["code"]
        assert "pvdbench/networks/pvdnet.py" in json.loads(before[f"deblur/{row}"])["imports"]


def test_what_a_row_is_told_is_in_its_own_record(study, before):
    edit(study, lambda params: params["deblur"]["dvd"]["options"].update(width=0.5))
    assert changed(before, narrow := records(study)) == {"train-deblur/dvd", "deblur/dvd"}
    edit(study, lambda params: params["deblur"]["bimc-pv"]["network"].update(size=3))
    assert changed(narrow, sized := records(study)) == {"train-deblur/bimc-pv"}
    edit(study, lambda params: params["training"]["motion"]["finetune"].update(steps=201))
    tuned = {"liteflownet-ss", "liteflownet-all", "bimnet"}
    assert changed(sized, records(study)) == {f"train-motion/{row}" for row in tuned}


def test_training_starts_from_given_weights_and_the_methods_own_network(study):
    edit(study, lambda params: params["motion"]["bimnet"].update(weights="theirs"))
    (study / "data" / "given" / "theirs.safetensors").write_bytes(b"1")
    before = records(study)
    folder = study / "methods" / "dvd"
    assert "pvdbench/training/competitors.py" in json.loads(before["train-deblur/dvd"])["code"]
    adapter = (folder / "adapter.py").read_text()
    (folder / "adapter.py").write_text(adapter + "a = 1\n")
    assert changed(before, records(study)) == {"deblur/dvd"}  # how it runs is no part of how it was trained
    network = (folder / "network.py").read_text()
    (folder / "network.py").write_text(network + "from .adapter import a\n")
    assert changed(before, between := records(study)) == {"deblur/dvd", "train-deblur/dvd"}
    (folder / "adapter.py").write_text(adapter + "a = 2\n")
    assert changed(between, records(study)) == {"deblur/dvd", "train-deblur/dvd"}  # now it is
    (study / "data" / "given" / "theirs.safetensors").write_bytes(b"2")
    assert "train-motion/bimnet" in changed(between, records(study))


def test_a_borrowed_adapter_brings_the_lenders_files(study):
    folder = study / "methods" / "mine"
    folder.mkdir()
    recipe = "{steps: 1, batch: 1, crop: [32, 32], learning_rate: 1.0e-3, sequence: 5, loss: mse}"
    (folder / "method.yaml").write_text(f"{CARD}adapter: ../dvd/adapter.py\ntraining: {recipe}\n")
    edit(study, lambda params: params["deblur"].update(mine={"method": "mine", "motion": "static"}))
    before = records(study)
    assert "pvdbench/methods/network_method.py" in json.loads(before["deblur/mine"])["imports"]
    for file, stages in (("network.py", ("deblur", "train-deblur")), ("alignment.py", ("deblur", "train-deblur")),
                         ("adapter.py", ("deblur",))):  # fmt: skip
        lender = study / "methods" / "dvd" / file
        text = lender.read_text()
        lender.write_text(text + "# edited\n")
        expected = {f"{stage}/{row}" for stage in stages for row in ("mine", "dvd")}
        assert changed(before, records(study)) == expected, file
        lender.write_text(text)


def test_a_package_that_brings_a_method_is_in_its_record_where_the_method_imports_it(study, monkeypatch):
    package = add_method(OutsidePackage(study / "site", "theirs"))
    package.write("network.py", "a = 1\n")
    monkeypatch.setattr("pvdbench.study.rows.installed_folders", lambda: (package.folder / "folders",))
    edit(study, lambda params: params["deblur"].update(new={"method": "negative", "motion": "static"}))
    first = records(study)
    assert not [path for path in json.loads(first["deblur/new"])["files"] if "network" in path]
    adapter = package.folder / "folders" / "negative" / "adapter.py"
    adapter.write_text("from theirs.network import a\nimport torch\n" + adapter.read_text())
    before = records(study)
    package.write("network.py", "a = 2\n")
    assert changed(before, records(study)) == {"deblur/new"}


def test_the_program_of_a_command_is_in_its_record_wherever_it_lies(study):
    folder, tool = study / "methods" / "outside", study / "tool.py"
    folder.mkdir()
    argv = "[python3, '{method}/../../tool.py', '{input}', '{output}']"
    (folder / "method.yaml").write_text(f"{CARD}kind: command\ncommand: {{argv: {argv}}}\n")
    tool.write_text("1\n")
    edit(study, lambda params: params["deblur"].update(outside={"method": "outside", "motion": "static"}))
    before = records(study)
    tool.write_text("2\n")
    assert changed(before, records(study)) == {"deblur/outside"}


def test_a_card_that_marks_a_row_makes_the_tables_again_and_trains_nothing(study, before):
    card = study / "methods" / "dvd" / "method.yaml"
    card.write_text(card.read_text() + "upper_bound: true\n")
    assert changed(before, records(study)) == {"deblur/dvd", "tables"}


def test_starts_that_wait_for_nothing_are_written_with_the_records(unedited):
    names = {path.name for path in (unedited / "data" / "weights" / "start").iterdir()}
    assert names == {"none.safetensors", "flownet2.safetensors"}


def test_nothing_is_tracked_by_analytics():
    config = (ROOT / ".dvc" / "config").read_text()
    assert "analytics = false" in config and "check_update = false" in config
    assert (ROOT / ".dvc" / "plots" / "offline.html").exists()


def test_the_offline_plot_page_names_no_host():
    page = (ROOT / ".dvc" / "plots" / "offline.html").read_text()
    assert "{plot_divs}" in page and "<script src" not in page and Path(ROOT, ".dvc/plots").is_dir()
