from pvdbench.core.errors import choices, shorten


def test_what_others_say_becomes_one_short_line():
    assert shorten("two\n  lines") == "two lines"
    assert shorten("x" * 200) == "x" * 97 + "..." and len(shorten("x" * 200, 40)) == 40


def test_choices_fit_a_message():
    assert choices([]) == "none" and choices(["a", "b"]) == "a, b"
    assert choices([f"name-{i}" for i in range(100)], 30) == "name-0, name-1, name-2, name-3 and 96 more"
