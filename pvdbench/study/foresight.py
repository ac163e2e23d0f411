"""What would stop a study later, found before anything of it is trained: what is not there, or does not fit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError, ParamsError, shorten
from pvdbench.core.params import read_params
from pvdbench.core.yaml_file import read_yaml
from pvdbench.datasets.params import DataParams
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.io.weights import read_header
from pvdbench.methods.card import read_card
from pvdbench.scoring.registry import protocols
from pvdbench.study.data_ahead import check_files, check_windows, trainings
from pvdbench.study.lock_copy import require_whole
from pvdbench.study.study import Study
from pvdbench.training.launch import check_processes


def check_ahead(study: Study) -> None:
    """Look at what the stages will need.

    Raises:
        StudyError: if a dvc.lock is damaged.
        DataError: if a data set or a weights file is missing and no stage makes it, or a data set does not fit.
        ParamsError: if a key does not fit the data or the weights.
        WeightsError: if a weights file is damaged.
    """
    for folder in (study.folder, study.root / "data"):
        if (lock := folder / "dvc.lock").exists():
            require_whole(lock, study.root / ".dvc" / "tmp")
    _check_given(study)
    _check_networks(study)
    made = _made(study.root / "data")
    for name in _data_sets(study):
        _check_data_set(study, name, made=name in made)
    check_windows(study)
    for key, _, recipe in trainings(study):
        check_processes(f"{study.folder / 'params.yaml'}: {key}", recipe, study.processes(recipe))


def notices(study: Study) -> Iterator[str]:
    """What fails nothing and should be known: rows that are shown nowhere, clips that a protocol leaves out."""
    shown = _shown_rows(study)
    for row in (row for row in _rows(study) if row not in shown):
        yield f"{row}: no table or figure of params.yaml names this row: it is trained, scored and shown nowhere"
    for name in study.params.datasets.test:
        if (manifest := study.dataset(name) / "manifest.csv").is_file():
            for clip in _uncounted(study, _split(manifest, "test")):
                yield f"{manifest}: {study.params.tables.protocol} counts no frame of the clip '{shorten(clip, 60)}'"


def _rows(study: Study) -> list[str]:
    return [*(f"motion.{name}" for name in study.params.motion), *(f"deblur.{name}" for name in study.params.deblur)]


def _shown_rows(study: Study) -> set[str]:
    """Rows that tables show, Sec. 4.4 counts, or, of `motion`, that deblurring begins with."""
    tables, volume = study.params.tables, study.params.protocols.volume
    motion = {*tables.table1, volume.motion, *(row.motion for row in study.params.deblur.values())}
    deblur = {*tables.deblur_labels, volume.volume_row, volume.warp_row}
    return {f"motion.{name}" for name in motion} | {f"deblur.{name}" for name in deblur}


def _check_given(study: Study) -> None:
    """Weights come from the user alone: no stage makes data/given, and neither Git nor DVC keeps it."""
    rows = {f"motion.{name}": row.weights for name, row in study.params.motion.items()}
    rows |= {f"deblur.{name}": row.weights for name, row in study.params.deblur.items()}
    missing = [key for key, weights in rows.items() if (path := study.given(weights)) and not path.is_file()]
    for key in missing[:1]:
        file = f"data/given/{rows[key]}.safetensors"
        more = f" (nor those of {len(missing) - 1} more rows)" if len(missing) > 1 else ""
        raise DataError(f"{file}: these weights of {key} are not there{more}, and no stage makes them; put the file "
                        f"there, such as by `pvdbench weights import FILE --out {file}`")  # fmt: skip
    for path in {path for weights in rows.values() if (path := study.given(weights))}:
        read_header(path)


def _check_networks(study: Study) -> None:
    """PVDNet is what its weights say, so that a row of it has some, or a network to train."""
    for name, row in study.params.deblur.items():
        card = read_card(study.place_of(row.method), row.method)
        if card.upper_bound == "by-weights" and row.network is None and row.weights is None:
            raise ParamsError(f"{study.folder / 'params.yaml'}: deblur.{name}: the method '{row.method}' has nothing "
                              "to run; add `network`, to be trained, or `weights`, a file of data/given")  # fmt: skip
    study.network_params(study.params.protocols.volume.volume_row)


def _data_sets(study: Study) -> list[str]:
    chosen = study.params.datasets
    return list(dict.fromkeys((chosen.pretrain, chosen.train, *study.params.shown)))


def _check_data_set(study: Study, name: str, *, made: bool) -> None:
    manifest, chosen = study.dataset(name) / "manifest.csv", study.params.datasets
    if not manifest.is_file():
        if not made:
            raise DataError(f"{manifest.parent}: this data set is not there, and no stage of data/dvc.yaml makes it; "
                            f"add it by `pvdbench datasets add {name} FOLDER`, or name another")  # fmt: skip
        return
    check_files(study, name, made=made)
    if name in chosen.test:
        _check_counted(study, manifest)
    if name == chosen.pretrain and _split(manifest, "train")["flow"].isna().all():
        raise DataError(f"{manifest}: datasets.pretrain: no frame of it has a true flow, which pre-training needs; "
                        "name a rendered data set")  # fmt: skip
    for split, names in (("train", (chosen.train,)), ("test", chosen.test)):
        if name in names and (blank := _split(manifest, split)["sharp"].isna()).any():
            raise DataError(f"{manifest}: {int(blank.sum())} frames of the split '{split}' have no sharp frame; name a "
                            "data set with truth, or show it under tables.figures.qualitative")  # fmt: skip


def _made(data: Path) -> Sequence[str]:
    """The data sets that the stages of data/dvc.yaml make."""
    if not (data / "dvc.yaml").is_file():
        return ()
    pipeline, params = read_yaml(data / "dvc.yaml"), data / "params.yaml"
    if not isinstance(pipeline, dict) or not isinstance(stages := pipeline.get("stages"), dict):
        raise DataError(f"{data / 'dvc.yaml'}: it holds no stages by name; restore it, such as by `git checkout`")
    subsets = read_params(params, DataParams).subsets if params.is_file() else ()
    return (*stages, *subsets)


def _split(manifest: Path, split: str) -> pd.DataFrame:
    table = read_table(manifest, MANIFEST)
    found = table[table["split"] == split]
    if found.empty:
        raise DataError(f"{manifest}: it lists no clip of the split '{split}'; name another data set")
    return found


def _check_counted(study: Study, manifest: Path) -> None:
    test = _split(manifest, "test")
    if len(_uncounted(study, test)) == test["video"].nunique():
        raise DataError(f"{manifest}: the protocol '{study.params.tables.protocol}' counts no frame of the test clips, "
                        "of which the longest has one frame or few; name longer clips, or another tables.protocol"
                        )  # fmt: skip
    if study.params.tables.table1 and (test.groupby("video").size() < 2).all():
        raise ParamsError(f"{manifest}: every test clip has one frame, and the motion of Table 1 needs two; name "
                          "longer clips")  # fmt: skip


def _uncounted(study: Study, test: pd.DataFrame) -> list[str]:
    """The test clips of which the study's protocol counts no frame."""
    protocol = protocols()[study.params.tables.protocol]
    lengths = test.groupby("video").size()
    return [str(clip) for clip, length in lengths.items()
            if not any(protocol.counted(number) for number in range(1, length + 1))]  # fmt: skip
