"""What DVC records of stages that ran elsewhere: asked, prepared and written in one process, under DVC's own locks."""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Literal

from dvc.dependency import Dependency, param
from dvc.dvcfile import Lockfile
from dvc.env import DVC_ROOT, DVC_STAGE
from dvc.output import Output
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage
from dvc.stage.cache import RunCacheNotFoundError

from pvdbench.core.errors import StudyError, shorten
from pvdbench.io.atomic import replaced_file
from pvdbench.study.graph import DVC_ERRORS, Graph, let_go, locked
from pvdbench.study.lock_copy import keep_copy
from pvdbench.study.stage_work import StageWork

State = Literal["current", "restored", "changed"]
"""Of a stage: its outputs are up to date; were put back from DVC's cache; its commands have to run."""

_FEWEST_SECONDS = 5.0  # between two writes of dvc.lock, of which each takes DVC half a second


class Recorder:
    """Asks DVC what is to run and tells it what ran; what is not yet in dvc.lock is in DVC's run cache."""

    def __init__(self, graph: Graph, logs: Path) -> None:
        """Take the graph, and the folder for what stages print."""
        self._graph, self._repo, self._logs = graph, graph.repo, logs
        self.run = f"{os.uname().nodename}-{os.getpid()}-{time.time_ns()}"
        self._running: dict[str, ExitStack] = {}
        self._to_write: list[Any] = []
        self._locks, self._hashes = 0, dict[tuple[str, str], Any]()
        self._written = time.monotonic()
        logging.getLogger("dvc").setLevel(logging.ERROR)  # it tells of every file it writes

    def changed(self, name: str) -> bool:
        """Whether a stage's outputs are not what its commands would make, as far as its inputs are there already."""
        with self.locked(), _said(name):
            return self._changed(self._graph.stages[name])

    def settle(self, name: str) -> State:
        """Find whether a stage has to run; if DVC's cache holds what it would make, put that back.

        Raises:
            StudyError: if something that it needs is missing or cannot be read.
        """
        stage = self._graph.stages[name]
        with self.locked(), _said(name):
            if not self._changed(stage):
                return "current"
            self._hashes.clear()  # its outputs are made anew
            if not stage.cmd:  # a file that `dvc add` or `dvc import` made
                stage.reproduce()
                stage.dump(update_pipeline=False)
                return "restored"
            stage.remove_outs(ignore_remove=False)
            try:
                self._repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                stage.save_deps()  # fails where one is not there
                return "changed"
            self._save(stage)
        return "restored"

    def begin(self, name: str) -> StageWork:
        """Describe what is to be run, and keep other DVC commands from its inputs and outputs until then."""
        stage = self._graph.stages[name]
        held = ExitStack()
        with self.locked(), _said(name):
            paths = [[part.fs_path for part in parts] for parts in (stage.deps, stage.outs)]
            held.enter_context(rwlock(self._repo.tmp_dir, self._repo.fs, f"pvdbench study run: {name}", *paths, False))
        self._running[name] = held
        commands = tuple(stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines())
        environment = {DVC_ROOT: self._repo.root_dir, DVC_STAGE: stage.addressing}
        log = self._logs / f"{name.replace('/', '.').replace(':', '.')}.log"
        files = max((dep.meta.nfiles or 0 for dep in stage.deps if dep.meta), default=0)
        return StageWork(self.run, name, commands, Path(stage.wdir), environment, log, files)

    def end(self, name: str, *, well: bool) -> None:
        """Record a stage that ended well; one that did not is left as it is, for the next run.

        Raises:
            StudyError: if it did not write what dvc.yaml says it writes.
        """
        with self.locked(), _said(name):
            self._running.pop(name).close()
            if well:
                self._save(self._graph.stages[name])

    def write(self, *, now: bool = False) -> None:
        """Write dvc.lock for the stages that were recorded, whole or not at all, if it was not written just before."""
        if not self._to_write or not (now or time.monotonic() - self._written > _FEWEST_SECONDS):
            return
        with self.locked(), _said("dvc.lock"):
            by_file = defaultdict(list)
            for stage in self._to_write:
                by_file[stage.dvcfile.path].append(stage)
            for file, stages in by_file.items():
                self._write_lock(Path(file).with_suffix(".lock"), stages)
        self._to_write.clear()
        self._written = time.monotonic()

    def close(self) -> None:
        """Write what is left and let go of all."""
        try:
            self.write(now=True)
        finally:
            try:
                with self.locked(), _said("its locks"):
                    for held in self._running.values():
                        held.close()
            finally:
                for held in self._running.values():  # on a full disk; DVC forgets those of processes that ended
                    with suppress(*DVC_ERRORS):
                        held.close()
            self._repo.close()

    def _save(self, stage: Any) -> None:
        """Hash what a stage read and wrote, and put its outputs into the cache, as DVC does after it ran one."""
        cached = all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs)
        stage.save(run_cache=cached)
        stage.commit()
        if isinstance(stage, PipelineStage):
            self._to_write.append(stage)
        else:
            stage.dump(update_pipeline=False)

    def _write_lock(self, path: Path, stages: Iterable[Any]) -> None:
        """Have DVC write a copy, which takes its place: a kill while it writes in place leaves half a file."""
        with replaced_file(path) as partial:
            if path.exists():
                partial.write_bytes(path.read_bytes())
            Lockfile(self._repo, str(partial)).dump_stages(list(stages))
        keep_copy(path, Path(self._repo.tmp_dir))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold DVC's lock for several questions, each of which takes it, and hashes what others read too, otherwise."""
        with locked(self._repo, self._graph.folder):
            self._locks += 1
            try:
                yield
            finally:
                self._locks -= 1
                if not self._locks:
                    self._hashes.clear()

    def _changed(self, stage: Any) -> bool:
        """Ask DVC, which walks a folder for every stage that reads it: half of the time in which nothing is to do."""
        parts = [part for part in (*stage.deps, *stage.outs) if type(part) in (Dependency, Output)]
        for part in parts:
            part.get_hash = partial(self._hash, part)
        try:
            return bool(stage.changed())
        finally:
            for part in parts:
                del part.get_hash

    def _hash(self, part: Any) -> Any:
        key = str(part.fs_path), str(part.hash_name)
        if key not in self._hashes:
            self._hashes[key] = type(part).get_hash(part)
        return self._hashes[key]


@contextmanager
def _said(name: str) -> Iterator[None]:
    try:
        yield
    except DVC_ERRORS as error:
        let_go(error)
        raise StudyError(f"{name}: DVC: {shorten(error, 200)}") from error


@contextmanager
def params_read_once() -> Iterator[None]:
    """Within the block, DVC reads a file of parameters again only if it changed, not once for every stage.

    Parsing params.yaml for each of 62 stages is a third of what it takes to find that nothing is to do.
    """
    load, known = param.load_path, dict[tuple[object, ...], Any]()

    def load_once(path: str, *rest: Any, **options: Any) -> Any:
        found = Path(path).stat()
        key = path, found.st_ino, found.st_size, found.st_mtime_ns
        if key not in known:
            known[key] = load(path, *rest, **options)
        return deepcopy(known[key])  # of what two stages share, DVC would write a reference into dvc.lock

    param.load_path = load_once
    try:
        yield
    finally:
        param.load_path = load
