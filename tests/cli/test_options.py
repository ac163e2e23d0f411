"""KEY=VALUE options of methods' networks."""

import pytest

from pvdbench.cli.options import parse_options
from pvdbench.core.errors import ParamsError


def test_values_are_read_as_yaml():
    assert parse_options(["channels=40", "align=tvl1", "deep=true", "a=b=c"]) == {
        "channels": 40, "align": "tvl1", "deep": True, "a": "b=c"}  # fmt: skip


@pytest.mark.parametrize("text", ["channels", "=40", "channels="])
def test_another_form_is_refused(text):
    with pytest.raises(ParamsError, match=f"--option: '{text}' is not of the form KEY=VALUE; correct it"):
        parse_options([text])


@pytest.mark.parametrize("text", ["a=[1", "a={", "a=!!python/name:os.system", "a=2024-13-45"])
def test_a_value_that_is_no_yaml_is_refused(text):
    with pytest.raises(ParamsError, match=r"--option: the value of 'a=.*' is no YAML; correct it"):
        parse_options([text])
