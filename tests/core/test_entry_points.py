from outside_package import OutsidePackage, python

LOAD = "from pvdbench.core.entry_points import load_entry_points; print(load_entry_points('pvdbench.layouts'))"


def test_what_packages_register_is_loaded_by_name(tmp_path):
    ours = OutsidePackage(tmp_path).write("layout.py", "SHELVES = 'a layout'\n")
    run = python(LOAD, ours.register("pvdbench.layouts", "shelves", "outside.layout:SHELVES"))
    assert run.stdout.strip() == "{'shelves': 'a layout'}" and not run.stderr


def test_one_that_is_broken_is_left_out_in_one_line_that_names_its_package(tmp_path):
    good = OutsidePackage(tmp_path / "a", "good").write("layout.py", "SHELVES = 1\n")
    good.register("pvdbench.layouts", "shelves", "good.layout:SHELVES")
    bad = OutsidePackage(tmp_path / "b", "bad").write("layout.py", "raise ValueError('no\\n' + 'such thing ' * 100)\n")
    bad.register("pvdbench.layouts", "drawers", "bad.layout:DRAWERS")
    bad.register("pvdbench.layouts", "boxes", "bad:BOXES")
    run = python(LOAD, good, bad)
    assert run.returncode == 0 and run.stdout.strip() == "{'shelves': 1}"
    first, second = run.stderr.splitlines()
    assert first.startswith("pvdbench: package bad: 'boxes' of pvdbench.layouts is left out: AttributeError: ")
    assert second.startswith(
        "pvdbench: package bad: 'drawers' of pvdbench.layouts is left out: ValueError: no such thing"
    )
    assert max(map(len, (first, second))) <= 300


def test_one_name_of_two_packages_is_refused_by_name(tmp_path):
    packages = [OutsidePackage(tmp_path / name, name).write("layout.py", "SHELVES = 1\n") for name in ("one", "two")]
    for package in packages:
        package.register("pvdbench.layouts", "shelves", f"{package.name}.layout:SHELVES")
    run = python(LOAD, *packages)
    assert "'shelves' of pvdbench.layouts is registered by two packages, one and two; uninstall one" in run.stderr
