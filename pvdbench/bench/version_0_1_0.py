"""Where version 0.1.0 has what parts import, so that `--baseline` can measure it by the same parts.

0.1.0 had other folders and names. Its modules are offered here under the names of this version; a revision that has a
module itself is not touched.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

_MOVED: Mapping[str, str] = {
    "pvdbench.io.images": "pvdbench.core.images",
    "pvdbench.io.flow": "pvdbench.core.flow_files",
    "pvdbench.io.tables": "pvdbench.core.records",
    "pvdbench.networks.cost_volume": "pvdbench.motion.cost_volume",
    "pvdbench.networks.liteflownet": "pvdbench.motion.liteflownet",
    "pvdbench.networks.pixel_volume": "pvdbench.volume.pixel_volume",
    "pvdbench.networks.params": "pvdbench.deblur.params",
    "pvdbench.networks.pvdnet": "pvdbench.deblur.pvdnet",
    "pvdbench.networks.recurrence": "pvdbench.networks.video_deblurrer",  # of later versions, too
    "pvdbench.networks.video_deblurrer": "pvdbench.deblur.recurrence",
    "pvdbench.training.deblur": "pvdbench.training.deblurring",
    "pvdbench.training.distributed": "pvdbench.training.processes",
    "pvdbench.training.sampling": "pvdbench.training.crops",
    "pvdbench.training.trainer": "pvdbench.training.place",
    "pvdbench.scoring.frame_pair": "pvdbench.protocols.pair",
    "pvdbench.scoring.registry": "pvdbench.protocols.catalogue",
    "pvdbench.scoring.dataset": "pvdbench.protocols.deblurring",
    "pvdbench.scoring.truth": "pvdbench.protocols.deblurring",
}


def install() -> None:
    """Offer what has moved since, wherever the package that runs lacks it."""
    sys.meta_path.insert(0, _Finder())
    _require_trained_parameters()


class _Finder(MetaPathFinder, Loader):
    """Finds what the tree has, then what has moved, with the folders above it, and nothing else of pvdbench.

    It comes before all others, as that of an editable installation would find this version's modules.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:  # fmt: skip
        if not fullname.startswith("pvdbench."):
            return None
        if (there := PathFinder.find_spec(fullname, path, target)) is not None:
            return there
        above = any(name.startswith(f"{fullname}.") for name in _MOVED)
        if not above and fullname not in _MOVED:
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)
        return ModuleSpec(fullname, self, is_package=above)

    def exec_module(self, module: ModuleType) -> None:
        if (old := _MOVED.get(module.__name__)) is not None:
            vars(module).update({name: value for name, value in vars(import_module(old)).items() if name[:2] != "__"})
            vars(module).update(_renamed(module.__name__, vars(module)))


def _renamed(name: str, old: Mapping[str, Any]) -> Mapping[str, Any]:
    """What has another name or another interface today, from a module's own names."""
    renamed: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "pvdbench.training.distributed": lambda: {"SINGLE": old["ALONE"]},
        "pvdbench.scoring.frame_pair": lambda: {"FramePair": old["Pair"]},
        "pvdbench.scoring.registry": lambda: {"protocols": _protocols, "named_protocols": _named_protocols},
        "pvdbench.scoring.dataset": lambda: {"ScoredRow": _scored_row, "score_row": _score_row},
        "pvdbench.scoring.truth": lambda: {"score_truth": lambda *_, **__: None},
    }
    return renamed[name]() if name in renamed else {}


def _require_trained_parameters() -> None:
    """A run of 0.1.0 was told what is trained; today it is what requires a gradient."""
    try:
        loop = import_module("pvdbench.training.loop")
    except ImportError:
        return
    run = loop.Run
    if "trained" in getattr(run, "__dataclass_fields__", {}):
        loop.Run = lambda title, network, *rest: run(  # type: ignore[attr-defined]
            title, network, [p for p in network.parameters() if p.requires_grad], *rest
        )


def _protocols() -> dict[str, Any]:
    catalogue = import_module("pvdbench.protocols.catalogue")
    known = SimpleNamespace(score=_temporal, summary="")
    return {**catalogue.PROTOCOLS, "temporal": known}


def _named_protocols(names: list[str], **_: Any) -> Any:
    return import_module("pvdbench.protocols.catalogue").named_protocols(names)


def _temporal(pair: Any) -> dict[str, float]:
    temporal = import_module("pvdbench.protocols.temporal")
    before = pair.before
    files = SimpleNamespace(flow=None, occlusion=None)
    found = temporal._steadiness((pair.estimate, pair.truth), (before.estimate, before.truth), files)
    return {"warping_error_db": found.warping_error_db, "tof_px": found.tof_px}


def _scored_row(dataset: str, method: str, task: str, folder: Path, estimates: Path, truth: Path) -> Any:
    return SimpleNamespace(dataset=dataset, method=method, folder=folder, estimates=estimates, task=task, truth=truth)


def _score_row(row: Any, out: Path, *, protocols: list[str]) -> None:
    """A row's scores were in two files, written by two functions that each read the frames."""
    deblurring = import_module("pvdbench.protocols.deblurring")
    where = row.folder, row.estimates
    names = {"dataset": row.dataset, "method": row.method}
    deblurring.score_deblurring(*where, out, protocols=protocols, **names)
    deblurring.score_steadiness(*where, out.with_name(f"temporal-{out.name}"), **names)
