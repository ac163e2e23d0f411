"""What of a study's data sets would stop it later: files that are not there, clips too short or frames too small."""

from collections.abc import Iterator

import pandas as pd

from pvdbench.core.errors import DataError, ParamsError, shorten
from pvdbench.core.notice import notice
from pvdbench.datasets.manifest import read_manifest
from pvdbench.io.images import frame_size
from pvdbench.study.study import Study
from pvdbench.training.params import MethodRecipe, Recipe, SequenceRecipe


def check_files(study: Study, name: str, *, made: bool) -> None:
    """Look for every file that a data set's manifest names, and at the first frame of each clip.

    Args:
        made: whether a stage makes the data set, which `dvc repro` then runs again; so that it is no error.

    Raises:
        DataError: if the manifest is damaged, or a file is not there, empty or no frame.
    """
    folder = study.dataset(name)
    table = read_manifest(folder / "manifest.csv")
    files = pd.concat([table[kind].dropna() for kind in ("blurry", "sharp", "flow", "occlusion")]).drop_duplicates()
    wanting = [file for file in files if not _has_content(study, name, str(file))]
    if wanting:
        said = (f"{folder / str(wanting[0])}: this file of the data set '{name}' is not there or empty ({len(wanting)} "
                f"of {len(files)} are so)")  # fmt: skip
        if not made:
            raise DataError(f"{said}; fetch, unpack or add the data set again")
        notice(f"{said}; `dvc repro` makes the data set again")
        return
    for file in table.drop_duplicates("video")["blurry"]:
        frame_size(folder / str(file))


def _has_content(study: Study, name: str, file: str) -> bool:
    path = study.dataset(name) / file
    return path.is_file() and path.stat().st_size > 0


def check_windows(study: Study) -> None:
    """Compare the crops and sequences of every training with the data sets that are there.

    Raises:
        DataError: if no training clip is long enough, or a frame is smaller than a crop.
        ParamsError: if a clip to hold out is not there, or none is left.
    """
    chosen = study.params.datasets
    tables = {name: table[table["split"] == "train"]
              for name in (chosen.pretrain, chosen.train) if (path := study.dataset(name) / "manifest.csv").is_file()
              for table in (read_manifest(path),)}  # fmt: skip
    for key, name, recipe in trainings(study):
        if name in tables:
            _check_window(f"{study.folder / 'params.yaml'}: {key}", name, tables[name], recipe)


def trainings(study: Study) -> Iterator[tuple[str, str, Recipe]]:
    """Yield the key, the data set and the recipe of each training of a study."""
    params = study.params
    yield "training.motion.pretrain", params.datasets.pretrain, params.training.motion.pretrain
    if any(row.finetune for row in params.motion.values()):
        yield "training.motion.finetune", params.datasets.train, params.training.motion.finetune
    for name in params.deblur:
        if (recipe := study.trained_by("deblur", name)) is not None:
            yield f"deblur.{name}.training", params.datasets.train, recipe


def _check_window(where: str, name: str, table: pd.DataFrame, recipe: Recipe) -> None:
    held = set(recipe.validation.clips) if recipe.validation else set[str]()
    lengths = table.groupby("video").size()
    if missing := sorted(held.difference(lengths.index)):
        raise ParamsError(f"{where}: validation.clips: no clip '{shorten(missing[0], 60)}' is in the split 'train' of "
                          f"'{name}'; name another")  # fmt: skip
    if held.issuperset(lengths.index):
        raise ParamsError(f"{where}: validation.clips: no clip is left to train on; hold out fewer")
    needed = recipe.sequence if isinstance(recipe, SequenceRecipe | MethodRecipe) else 2
    for clips in filter(None, (held, set(lengths.index) - held)):
        long = [clip for clip in clips if lengths[clip] >= needed]
        if not long:
            raise DataError(f"{where}: no clip of '{name}' to train or to validate on has {needed} frames, the "
                            f"longest has {max(lengths[clip] for clip in clips)}; shorten `sequence`")  # fmt: skip
        _check_crop(where, name, table[table["video"].isin(long)], recipe)


def _check_crop(where: str, name: str, frames: pd.DataFrame, recipe: Recipe) -> None:
    height, width = recipe.crop
    small = frames[(frames["height"] < height) | (frames["width"] < width)]
    if not small.empty:
        first = small.iloc[0]
        raise DataError(f"{where}: crop: {width}x{height} is larger than the frames of the clip "
                        f"'{shorten(first['video'], 60)}' of '{name}', {first['width']}x{first['height']}; lower `crop`"
                        )  # fmt: skip
