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
        ("rows: {}\nplain: {steps: 1}\nextra: 1", "extra: expected one of the keys plain, rows, got 'extra'"),
        (
            "rows: {a: {steps: 1, with: 2}}\nplain: {steps: 1}",
            "rows.a.with: expected one of the keys steps, width, got 'with'",
        ),
        ("rows: {}\nplain: {}", "plain.steps: expected this key, found none"),
        ("rows: {}\nplain: {steps: '3'}", "plain.steps: input should be a valid integer, got '3'"),
        ("- 1", "expected keys and values, got list"),
        ("a: [", "expected YAML"),
    ],
)
def test_refuses_with_the_keys_path_and_the_choices(tmp_path, text, message):
    assert message in refused(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: expected a parameter file, found none"):
        read_params(tmp_path / "params.yaml", Outer)
