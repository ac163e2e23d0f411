"""kill -9, SIGTERM and SIGINT at random moments of the driver, its workers, a training and a method."""

import signal

import pytest
from faults.ledger import Outcome
from faults.processes import ROLES
from faults.scenario import Scenario
from faults.world import MOMENTS, chosen

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PAIRS = [(role, number) for number in SIGNALS for role in ROLES]
LONGEST = {"driver": 8.0, "terminal": 8.0, "worker": 8.0, "training": 3.0, "method": 3.0}
"""Seconds, up to which it is hit after a process of the role, or a stage, was first seen."""
WINDOWS = (
    ("train-deblur@baseline", "deblur@smoke-bimc"),
    ("train-motion@bimnet", "motion@smoke-tvl1"),
    ("train-deblur@mc-e2e-pv", "deblur@smoke-input", "score-volume@smoke"),
    ("train-motion@liteflownet", "motion@smoke-bimnet", "tables"),
)
"""Stages that are made to run again: in each a training and a method."""
BRIEF = ("train-deblur@baseline", "deblur@smoke-baseline")


@pytest.mark.parametrize("moment", range(MOMENTS or 1))
def test_a_study_that_a_signal_hits_goes_on_by_the_same_command(finished, place, moment, record_property):
    random = chosen("kills", moment)
    role, number = PAIRS[moment % len(PAIRS)]
    stages = random.choice(WINDOWS) if MOMENTS else BRIEF
    since = None if role in ("training", "method") else random.choice((None, "stage", "stage"))
    scenario = Scenario(finished, place, stages)
    wait = random.uniform(0, LONGEST[role])
    command = scenario.start()
    hit = command.send(role, number, wait, random.choice, since)
    code = command.end()
    if not hit:
        pytest.skip("the command ended before the signal came")
    when = f"{wait:.2f} s after the first {since or role} began"
    detail = f"moment {moment}, {when}, in {', '.join(stages)}: {hit}"
    outcome = Outcome(f"{number.name} of {role}", detail)
    outcome.expect(code is not None, "the driver hangs")
    scenario.judge(outcome, command).note(record_property)
