import pytest

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import StrictModel, read_params


class Inner(StrictModel):
    width: float = 1.0
    steps: int


class Outer(StrictModel):
    rows: dict[str, Inner]
    plain: Inner


def refused(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "params.yaml", Outer)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_reads_and_freezes(tmp_path):
    (tmp_path / "params.yaml").write_text("rows: {a: {steps: 1}}\nplain: {steps: 2, width: 0.5}\n")
    params = read_params(tmp_path / "params.yaml", Outer)
    assert params == Outer(rows={"a": Inner(steps=1)}, plain=Inner(steps=2, width=0.5))
    with pytest.raises(ValueError, match="frozen"):
        params.plain.steps = 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: {}\nplain: {steps: 1}\nextra: 1", "extra: unknown key 'extra'; choose from plain, rows"),
        (
            "rows: {a: {steps: 1, with: 2}}\nplain: {steps: 1}",
            "rows.a.with: unknown key 'with'; choose from steps, width",
        ),
        ("rows: {}\nplain: {}", "plain.steps: this key is missing"),
        ("rows: {}\nplain: {steps: '3'}", "plain.steps: input should be a valid integer, got '3'"),
        ("- 1", "it holds a list, not keys and values"),
        ("a: [", "this is no YAML that can be read"),
    ],
)
def test_refuses_with_the_keys_path_and_the_choices(tmp_path, text, message):
    assert message in refused(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: this parameter file is not there"):
        read_params(tmp_path / "params.yaml", Outer)


def _nested(depth):
    return "rows: " + "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"rows: \xff", "this file is no UTF-8 ('utf-8' codec can't decode byte 0xff"),
        (b"rows: 2024-13-45", "this is no YAML that can be read (month must be in 1..12)"),
        (b"rows: !!int x", "this is no YAML that can be read (invalid literal for int()"),
        (_nested(3000).encode(), "line 1: values are nested too deeply here; mend it"),
        (_nested(300_000).encode(), "line 1: values are nested too deeply here; mend it"),
        (_nested(100).encode(), "rows: input should be a valid dictionary, got [[["),
        (b"rows: {}\nplain: {steps: '" + b"9" * 5000 + b"'}", "plain.steps: input should be a valid integer, got '999"),
        (b"rows: {}\nplain: {steps: 1}\n" + b"x" * 900 + b": 1", "unknown key 'xxx"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_short_line(tmp_path, content, message):
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "params.yaml", Outer)
    said = str(error.value).replace(str(tmp_path), "")
    assert message in said and "\n" not in said and len(said) <= 300


def test_a_folder_is_no_parameter_file(tmp_path):
    with pytest.raises(ParamsError, match=r"this file cannot be read \(Is a directory\)"):
        read_params(tmp_path, Outer)
