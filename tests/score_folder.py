"""`pvdbench score folder` in this process, for the tests of tests/cases."""

from command import pvdbench_here


def score(where, *options, protocols=("plain-rgb",), truth="truth", estimate="ours"):
    """Score where/ours against where/truth into where/s.csv."""
    names = [word for name in protocols for word in ("--protocol", name)]
    words = ("--truth", truth, "--estimate", estimate, *names, "--out", "s.csv", *options)
    return pvdbench_here("score", "folder", *words, cwd=where)
