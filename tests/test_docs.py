"""The documentation: its examples run and print what they show, and what it lists is what is there."""

import io
import re
from contextlib import redirect_stdout

from conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))


def python_blocks(page):
    """The page's code blocks in order, each with the text block that follows it, if one does."""
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", (DOCS / page).read_text(), re.DOTALL)
    assert blocks, f"docs/{page} shows no Python"
    return blocks


def test_the_page_of_the_api_prints_what_it_shows(fake, monkeypatch):
    monkeypatch.chdir(fake.root)  # a study that ran
    names = {}
    shown = 0
    for code, expected in python_blocks("python.md"):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, "docs/python.md", "exec"), names)
        lines = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        assert expected in ("", lines), f"docs/python.md shows\n{expected}\nand prints\n{lines}"
        shown += bool(expected)
    assert shown == 4


def test_a_comparison_of_two_methods_takes_fifteen_lines():
    (code,) = (code for code, _ in python_blocks("python.md") if "methods = {" in code)
    comparison = code[code.index("methods = {") :]
    assert len([line for line in comparison.splitlines() if line.strip()]) <= 15
