"""Every reader of files that pvdbench has, with a small whole file of its kind."""

import json
import os
import shutil
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from conftest import METHODS, ROOT
from sample_clips import view
from torch import nn

from pvdbench.analysis.findings import Finding
from pvdbench.analysis.intervals import Interval
from pvdbench.analysis.published import read_published
from pvdbench.analysis.skipped import SkippedRow
from pvdbench.cli.options import parse_options
from pvdbench.core.params import read_params
from pvdbench.datasets.camera_response import read_response
from pvdbench.datasets.catalogue import NOTE, Source, read_catalogue
from pvdbench.datasets.download.archive import _noted
from pvdbench.datasets.download.extract import extract
from pvdbench.datasets.download.http import ResumingDownloader, RetryPolicy
from pvdbench.datasets.manifest import read_clips, read_manifest
from pvdbench.datasets.packed import FrameReader, packed_path
from pvdbench.datasets.params import DataParams, Subset
from pvdbench.datasets.subset import describe_subset, take_subset
from pvdbench.datasets.verify import read_splits
from pvdbench.figures.style import Picture, read_pictures, write_pictures
from pvdbench.io.cost import Complexity, measured_cost, read_complexity, read_cost, write_complexity
from pvdbench.io.flow import read_flow, write_flow
from pvdbench.io.flow_picture import is_our_picture, write_flow_picture
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import frame_size, read_frame, read_mask, write_frame, write_mask
from pvdbench.io.owned import MARKER, _written
from pvdbench.io.tables import MANIFEST, TRAINING_LOG
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.methods.card import read_card
from pvdbench.networks.checkpoint import read_checkpoint
from pvdbench.networks.import_checkpoint import import_checkpoint
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import load_motion_network, motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture, load_video_deblurrer
from pvdbench.report.training_curve import read_curve
from pvdbench.report.verdict import Verdict, read_verdict, write_verdict
from pvdbench.scoring.score_file import read_score_file
from pvdbench.scoring.truth import TABLE, read_truth
from pvdbench.study.code_records import stage_commands
from pvdbench.study.contents import Cache, file_md5
from pvdbench.study.lock import parts, read_lock
from pvdbench.study.study import load_study
from pvdbench.tables.files import DatasetTables, read_tables
from pvdbench.tables.table import Column, Row, Table
from pvdbench.training.checkpoint import Progress, checkpoint_file, restore_checkpoint, save_checkpoint


@dataclass(frozen=True)
class Reader:
    """How a file is written and read.

    Attributes:
        file: its name, in a folder that is its own.
        form: of mutations.harm; the bytes alone where there is none.
        each: of how many inputs it gets one; those that take longer get fewer.
    """

    file: str
    form: str
    write: Any
    read: Any
    each: int = 1


SOURCE = Source.model_construct(folders=("GOPRO",), kinds=("blur", "sharp"))


def _copy(source):
    return lambda path: shutil.copyfile(ROOT / source, path)


def _study(path):
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    params["root"] = os.path.relpath(ROOT, path.parent)
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def _card(path):
    path.parent.joinpath("m").mkdir(exist_ok=True)
    path.write_text((METHODS / "dvd" / "method.yaml").read_text())


def _read_card(path):
    folder = path.parent / "m"
    folder.mkdir(exist_ok=True)
    (folder / "method.yaml").unlink(missing_ok=True)
    os.link(path, folder / "method.yaml") if path.is_file() else (folder / "method.yaml").symlink_to(path)
    return read_card(path.parent, "m").chosen({}, "x")


def _sources(path):
    shutil.copyfile(ROOT / "data" / "sources.yaml", path)


def _read_sources(path):
    catalogue = read_catalogue(path.parent)
    for name in catalogue.sources.datasets:
        inside = catalogue.archive_path(catalogue.archive(name)).resolve()
        assert inside.is_relative_to(path.parent.resolve())


def _options(path):
    text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
    return parse_options([f"a={text}"])


def _network():
    torch.manual_seed(0)
    return nn.Linear(2, 3)


def _write_training(path):
    network = _network()
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    save_checkpoint(path.parent, network, optimiser, Progress(3, 1, [(1, 0.5, 0.1, None)]), {"seed": 1, "steps": 9})


def _resume(path):
    network = _network()
    return restore_checkpoint(path.parent, network, torch.optim.Adam(network.parameters()), {"seed": 1, "steps": 9})


def _motion(path):
    network = LiteFlowNet(0.0625)
    save_weights(path, network.state_dict(), motion_header(network))


def _deblurrer(path):
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None)
    save_weights(path, model.state_dict(), architecture(model))


def _theirs(path):
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None).state_dict()
    names = {"deblur.volume_branch.": "PVDNet.PV_dec.", "deblur.level0.": "PVDNet.d0."}
    named = {
        next((name.replace(a, b) for a, b in names.items() if name.startswith(a)), name): value
        for name, value in model.items()
    }
    torch.save({"state_dict": {name: named[name] for name in list(named)[:12]}}, path)


def _import(path):
    (out := path.with_name("imported")).unlink(missing_ok=True)
    return import_checkpoint(path, out)


def _cost(path):
    with measured_cost(path, "train deblur x") as facts:
        facts |= {"steps": 24, "threads": 1, "milliseconds_median": 3.5}


def _archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("GOPRO/v/blur/000001.png", "GOPRO/v/sharp/\u00e9 1.png"):
            archive.writestr(name, bytes(range(40)))


def _extract(path):
    """Extract, and look that nothing lies beside what may be there."""
    shutil.rmtree(out := path.with_name("out"), ignore_errors=True)
    try:
        return extract(path, SOURCE, out)
    finally:
        strange = {entry.name for entry in path.parent.iterdir()} - {path.name, "out"}
        assert not strange, strange


ROWS = ["v,test,0,b/0.png,s/0.png,,,64,48", "v,test,1,b/1.png,s/1.png,,,64,48"]


def _manifest(path):
    path.write_text("\n".join([",".join(MANIFEST), *ROWS]) + "\n")
    for kind in "bs":
        for t in range(2):
            (path.parent / kind).mkdir(exist_ok=True)
            write_frame(path.parent / kind / f"{t}.png", view(t, 48, 64))


def _take(path):
    shutil.rmtree(path.with_name("part"), ignore_errors=True)
    take_subset(path.parent, Subset(of="x", videos=1, frames=2), path.with_name("part"))


def _packed(path):
    np.save(path, np.zeros((2, 48, 64, 3), np.uint8))
    _manifest(path.parent / "manifest.csv")


def _read_packed(path):
    (clip,) = read_clips(path.parent, "test")
    (place := packed_path(path.parent, "test", clip, "blurry")).parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(path)
    return FrameReader(path.parent, "test").read(clip, "blurry", 0, (slice(4), slice(4)))


def _scores(path):
    head = "dataset,method,task,video,frame,protocol,counted,psnr_db,ssim\n"
    path.write_text(head + "".join(f"s,m,deblur,v,{t},plain-rgb,True,30.1,0.9\n" for t in range(3)))


def _published(path):
    shutil.copytree(ROOT / "data" / "published", path.parent / "data" / "published", dirs_exist_ok=True)
    shutil.copyfile(ROOT / "data" / "published" / "table2.csv", path)


def _read_published(path):
    (place := path.parent / "data" / "published" / "table2.csv").unlink(missing_ok=True)
    place.symlink_to(path)
    return read_published(path.parent)


def _tables(path):
    interval = Interval(1.0, float("nan"), float("inf"), 3, 9, 0)
    table = Table(
        "table2", "t", "c", "s", "p", (Column("k", "s", "g", "h", 2),), (Row("r", "R", (interval,)),), part="deblur"
    )
    finding = Finding("table2", "gain", "a", "b", "all", 0.1, 0.2, 0.1, 0.3, 0.01, 3, 0, "appears", "A sentence.")
    tables = DatasetTables("s", "d", (table,), (finding,), (SkippedRow("deblur", "a", "A", "b"),))
    path.write_text(json.dumps(asdict(tables), indent=1))


def _listing(path):
    path.write_text(json.dumps([{"md5": "0" * 32, "relpath": "a/b"}]))


def _read_listing(path):
    content = path.read_bytes() if path.is_file() else b""
    (raw := path.with_name("raw")).write_bytes(content)
    md5 = file_md5(raw)
    shutil.rmtree(path.parent / "files", ignore_errors=True)
    (place := path.parent / "files" / "md5" / md5[:2] / f"{md5[2:]}.dir").parent.mkdir(parents=True)
    shutil.copyfile(raw, place)
    return Cache(path.parent).listing(f"{md5}.dir")


def _verdict(path):
    write_verdict(path.parent, Verdict("c" * 40, "2026-01-31", "", None, 0))
    shutil.copyfile(path.parent / "data" / "logs" / "verified.json", path)


def _read_verdict(path):
    (place := path.parent / "data" / "logs" / "verified.json").unlink(missing_ok=True)
    place.symlink_to(path)
    return read_verdict(path.parent)


def _json(content):
    return lambda path: path.write_text(json.dumps(content))


def _download(path):
    return ResumingDownloader(["http://x/"], path.parent, hash_known=False, retries=RetryPolicy())._known()


def _lock(path):
    stages = yaml.safe_load((ROOT / "data" / "dvc.lock").read_text())
    path.write_text(yaml.safe_dump(stages, sort_keys=False))


def _read_lock(path):
    return [parts(entry, key) for entry in read_lock(path.parent).values() for key in ("deps", "outs")]


def _flow_picture(path):
    write_flow(flow := path.with_name("x.flo"), np.zeros((3, 4, 2), np.float32))
    write_flow_picture(path, view(0, 16, 16), flow)


def _response(path):
    path.write_text("byte,light\n" + "".join(f"{b},{b / 255}\n" for b in range(256)))


def _saved(**options):
    return lambda path: torch.save(
        {"a": {"b": torch.ones(2)}, "c": np.float64(1), "w": torch.ones(3, 2)}, path, **options
    )


def _folder(read):
    return lambda path: read(path.parent)


READERS = {
    "study": Reader("params.yaml", "yaml", _study, _folder(load_study), 20),
    "method card": Reader("method.yaml", "yaml", _card, _read_card, 2),
    "data params": Reader(
        "data.yaml", "yaml", _copy("data/params.yaml"), lambda path: read_params(path, DataParams), 4
    ),
    "sources": Reader("sources.yaml", "yaml", _sources, _read_sources, 5),
    "options": Reader("option", "yaml", lambda path: path.write_text("{a: 1, b: [x, 2.5]}"), _options),
    "dvc.lock": Reader("dvc.lock", "yaml", _lock, _read_lock, 4),
    "dvc.yaml": Reader("dvc.yaml", "yaml", _copy("data/dvc.yaml"), stage_commands, 5),
    "manifest": Reader("manifest.csv", "csv", _manifest, lambda path: read_manifest(path), 4),
    "clips": Reader("manifest.csv", "csv", _manifest, lambda path: read_clips(path.parent, "test"), 8),
    "manifest of a subset": Reader("manifest.csv", "csv", _manifest, _take, 10),
    "splits": Reader("splits.csv", "csv", _copy("data/splits.csv"), lambda path: read_splits(path, "su"), 4),
    "scores": Reader("scores.csv", "csv", _scores, read_score_file, 5),
    "truth": Reader(
        TABLE,
        "csv",
        lambda path: path.write_text("video,frame,blurriness_db,warping_error_db\nv,0,30.5,\nv,1,31,40.5\n"),
        _folder(read_truth),
        3,
    ),
    "training log": Reader(
        "log.csv",
        "csv",
        lambda path: path.write_text(",".join(TRAINING_LOG) + "\n1,0.5,0.1,\n9,0.25,0.1,0.5\n"),
        read_curve,
        3,
    ),
    "camera": Reader("crf.csv", "csv", _response, read_response, 3),
    "published numbers": Reader("table2.csv", "csv", _published, _read_published, 20),
    "cost": Reader("cost.json", "json", _cost, read_cost),
    "complexity": Reader(
        "c.json", "json", lambda path: write_complexity(path, Complexity({"deblur": 3}, 1e9, 64, 48)), read_complexity
    ),
    "tables": Reader("s.json", "json", _tables, lambda path: read_tables(path.parent, "s")),
    "figures": Reader(
        "figures.json",
        "json",
        lambda path: write_pictures(path.parent, [Picture("a.png", "s", "t", "c", "a", 3, 4)]),
        _folder(read_pictures),
    ),
    "reason of a skipped row": Reader("failed.json", "json", _json({"reason": "x"}), _folder(read_failure)),
    "verdict": Reader("verified.json", "json", _verdict, _read_verdict),
    "marker": Reader(
        MARKER,
        "json",
        _json({"written by": "pvdbench deblur", "sha256": {"a.png": "0" * 64}}),
        lambda path: _written(path.parent, "deblur"),
    ),
    "listing": Reader("listing.dir", "json", _listing, _read_listing),
    "note of a subset": Reader(
        "subset.json",
        "json",
        lambda path: path.write_text(Subset(of="x", frames=3).model_dump_json()),
        _folder(describe_subset),
    ),
    "note of a download": Reader("version.json", "json", _json({"url": "u", "validator": None, "total": 3}), _download),
    "note of an extraction": Reader(
        NOTE, "json", _json({"sha256": "a", "frames": 0, "bytes": 3}), lambda path: _noted(path.parent, "a")
    ),
    "flow": Reader("f.flo", "", lambda path: write_flow(path, np.zeros((3, 4, 2), np.float32)), read_flow),
    "frame": Reader("f.png", "png", lambda path: write_frame(path, view(0, 16, 24)), read_frame),
    "frame's size": Reader("f.png", "png", lambda path: write_frame(path, view(0, 16, 24)), frame_size),
    "mask": Reader("m.png", "png", lambda path: write_mask(path, np.eye(9, dtype=bool)), read_mask),
    "picture of a flow": Reader("x.png", "png", _flow_picture, is_our_picture),
    "weights of motion": Reader("w.safetensors", "safetensors", _motion, load_motion_network, 50),
    "weights of PVDNet": Reader("m.safetensors", "safetensors", _deblurrer, load_video_deblurrer, 20),
    "any weights": Reader(
        "a.safetensors", "safetensors", lambda path: save_weights(path, {"a": torch.ones(2)}, {"a": 1}), load_weights
    ),
    "checkpoint": Reader("c.pth", "pickle", _saved(), read_checkpoint, 4),
    "old checkpoint": Reader("o.pth", "", _saved(_use_new_zipfile_serialization=False), read_checkpoint, 2),
    "checkpoint of others": Reader("f.pth", "pickle", _theirs, _import, 5),
    "training's checkpoint": Reader(checkpoint_file(Path()).name, "pickle", _write_training, _resume, 8),
    "archive": Reader("a.zip", "zip", _archive, _extract, 4),
    "packed clip": Reader("pack.npy", "", _packed, _read_packed, 8),
}
