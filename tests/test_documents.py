"""Every example that the README and the pages of docs/ show is parsed here: commands, parameters, programs, links.

What the README shows is run as well (test_readme.py); docs/log.md is a log of what was, and left alone.
"""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml
from conftest import ROOT

from pvdbench.cli.main import cli
from pvdbench.core.params import parse_params
from pvdbench.datasets.params import DataParams
from pvdbench.methods.card import MethodCard
from pvdbench.study.study import Params

PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "log.md")]
SHELL = ("sh", "bash", "console", "")


def blocks(page):
    """(language, text) of each fenced block; one inside a list is moved left."""
    found = re.findall(r"^( *)```([\w-]*)[^\n]*\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [(language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)) for indent, language, text in found]


def examples(*languages):
    """Those blocks of all pages, each named after its page."""
    found = [(page, text) for page in PAGES for language, text in blocks(page) if language in languages]
    return [pytest.param(page, text, id=f"{page.stem}-{number}") for number, (page, text) in enumerate(found)]


def commands(program):
    """The arguments of a program wherever a line of a block runs it, as torchrun's module included."""
    begins = re.compile(rf"(?:\$ )?(?:\w+=\S+ +)*(?:torchrun .*-m )?{program} ")
    found = []
    for page in PAGES:
        for language, text in blocks(page):
            for line in text.replace("\\\n", " ").splitlines() if language in SHELL else ():
                if match := begins.match(line):
                    found.append((page, shlex.split(line[match.end() :], comments=True)))
    return [pytest.param(page, words, id=f"{page.stem}-{' '.join(words)[:60]}") for page, words in found]


def inline():
    """`pvdbench ...` inside a sentence: at least its name, often with placeholders or without what it needs."""
    found = []
    for page in PAGES:
        prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        texts = {" ".join(text.split()) for text in re.findall(r"`pvdbench\s([^`]+)`", prose)}
        found += [pytest.param(text, id=f"{page.stem}-{text[:60]}") for text in sorted(texts)]
    return found


def found_command(words):
    """The click command that the words begin with, and what is left of them."""
    command, words = cli, list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{words[0]}: not among {', '.join(command.commands)}"
        command = command.commands[words.pop(0)]
    return command, words


@pytest.mark.parametrize(("page", "words"), commands("pvdbench"))
def test_a_command_is_one_that_pvdbench_takes(page, words, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda self, value, param, ctx: Path(value))  # there, or not
    if page.stem == "adding-a-layout":  # its example is installed in tests/test_extensions.py alone
        monkeypatch.setattr("pvdbench.cli.datasets._LayoutName.convert", lambda self, value, param, ctx: value)
    command, rest = found_command(words)
    command.make_context(" ".join(words), rest)


@pytest.mark.parametrize("text", inline())
def test_a_command_in_a_sentence_is_there_with_its_options(text):
    if text.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ.")):
        return  # a placeholder for any command
    command, rest = found_command(text.partition("|")[0].split())
    offered = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word for word in rest if word.startswith("-")} <= offered | {"--help", "--version", "-h"}


def test_enough_of_each_kind_is_found_for_the_patterns_to_be_right():
    assert len(commands("pvdbench")) >= 25 and len(commands("dvc")) >= 6 and len(inline()) >= 10
    assert len(examples("yaml")) >= 8 and len(examples(*SHELL)) >= 12


@pytest.mark.parametrize(("page", "words"), commands("dvc"))
def test_a_command_of_dvc_is_one_that_it_takes_and_names_a_pipeline_that_is_there(page, words):
    from dvc.cli import parse_args

    parse_args(words)
    for word in words:
        if "dvc.yaml" in word:
            path, _, stage = word.partition(":")
            stages = yaml.safe_load((ROOT / path).read_text())["stages"]
            assert not stage or stage.split("@")[0] in stages


@pytest.mark.parametrize(("page", "text"), examples("sh", "bash"))
def test_what_is_shown_as_shell_is(page, text):
    checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_make_targets_and_extras_are_there(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", page.read_text(), re.MULTILINE)) <= targets
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"pvdbench\[(\w+)\]", page.read_text())) <= set(extras)


@pytest.mark.parametrize(("page", "text"), examples("yaml", "yml"))
def test_parameters_are_read_by_the_model_that_they_are_for(page, text):
    """A page shows some keys: they go over those of the default study, of data/params.yaml or of a plain card."""
    shown = yaml.safe_load(text)
    study, data = (yaml.safe_load((ROOT / name / "params.yaml").read_text()) for name in (".", "data"))
    if shown.keys() & MethodCard.model_fields.keys() and not shown.keys() <= Params.model_fields.keys():
        parse_params(page, {"label": "x", "task": "deblur", "citation": "x"} | shown, MethodCard)
    elif shown.keys() <= DataParams.model_fields.keys():
        parse_params(page, _over(data, shown), DataParams)
    else:
        rows = shown if shown.keys() <= Params.model_fields.keys() else {"deblur": shown}
        parse_params(page, _over(study, rows), Params)


def _over(below, above):
    """Dictionaries in dictionaries, those above going before."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below[key], value) if key in below else value for key, value in above.items()}


@pytest.mark.parametrize(("page", "text"), examples("python", "py"))
def test_a_program_compiles(page, text):
    compile(text, page.name, "exec")


def test_a_block_is_of_a_language_that_is_looked_at_here():
    known = {*SHELL, "yaml", "yml", "python", "py", "text", "toml", "json", "csv", "bibtex"}
    assert [(page.name, language) for page in PAGES for language, _ in blocks(page) if language not in known] == []


def slug(heading):
    """GitHub's name of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(page):
    """Where a page leads inside the repository, as (path, anchor)."""
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S))
    return [link.partition("#")[::2] for link in found if not re.match(r"\w+:", link)]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "log.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for path, anchor in links(page):
        target = page.parent / path if path else page
        assert target.exists(), path
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in map(slug, headings), f"{path}#{anchor}"


def test_the_readme_leads_to_every_page_of_docs():
    assert len(links(ROOT / "README.md")) >= 12
    named = {(ROOT / path).resolve() for path, _ in links(ROOT / "README.md")}
    reached = named | {(page.parent / path).resolve() for page in PAGES for path, _ in links(page)}
    assert {page.name for page in PAGES if page.resolve() not in reached} <= {"README.md", "index.md"}  # the doors


def test_messages_and_pages_name_stages_that_are_there():
    stages = set(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    named = re.compile(r"`dvc repro (?:--[a-z-]+ )*([a-z][a-z-]*)`|\bthe stage `?(?!that)([a-z-]+)`? (?:writes|makes)")
    files = [path for path in (ROOT / "pvdbench").rglob("*") if path.suffix in (".py", ".j2", ".js")]
    found = {(path.name, "".join(names)) for path in files for names in named.findall(path.read_text())}
    assert len(found) >= 4 and not [name for name in found if name[1] not in stages]


def test_the_cases_of_reliability_name_every_file_of_tests_and_no_other():
    page = (ROOT / "docs/reliability.md").read_text()
    named = {name for row in page.splitlines() if row.startswith("| ") for name in re.findall(r"`(test_\w+)`", row)}
    assert named == {path.stem for path in (ROOT / "tests/cases").glob("test_*.py")}
