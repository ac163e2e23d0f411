"""One row over one data set, and where everything of it lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvdbench.core.executor import Jobs
from pvdbench.methods.card import Task


@dataclass(frozen=True)
class RowRun:
    """One row over one data set, and where everything lies.

    Attributes:
        stage: for the cost file.
        row: its name in params.yaml, or the method's where it has no row.
        methods: the folder that holds the method.
        trained: the weights that the row's training wrote.
        dataset: the data set's folder.
        out: the folder for its frames or its flow.
        complexity: the JSON file of parameters and multiply-adds, a result.
        cost: the JSON file of what it took on this machine.
        log: where a program's output is kept, when the row ends.
        threads: on the CPU, of each process.
        given: weights in place of those that the card names.
        options: of the method, in place of the card's.
        sandbox: whether its process is put into a namespace, by bubblewrap.
        bound: whether the study's tables mark the row as an upper bound; None where there are none.
        jobs: processes that the clips are dealt to, or the scheduler whose workers they are dealt to.
        half: the folder for finished clips while the row is not whole; None to begin again with each command.
        code: the record of the code that the row runs, where there is one.
    """

    task: Task
    stage: str
    row: str
    methods: Path
    method: str
    trained: Path | None
    dataset: Path
    out: Path
    complexity: Path
    cost: Path
    log: Path
    threads: int
    given: Path | None = None
    options: Mapping[str, Any] | None = None
    sandbox: bool = False
    bound: bool | None = None
    jobs: Jobs = 1
    half: Path | None = None
    code: Path | None = None
