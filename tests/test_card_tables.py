"""The tables of `make gpu` on a processor, in small, so that they need no second try on a card."""

import card_tables as tables
import torch

from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer


def test_the_tables_of_a_processor(capsys, tmp_path):
    device = torch.device("cpu")
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.1, blocks=1), LiteFlowNet(0.1))
    tables.frame_table(model, tables.smooth_clip(tables.WARM + 1, (32, 64)), device)
    sizes = {"preset": "paper", "batch": 1, "crop": [32, 32], "sequence": 2}
    tables.update_table({tables.PLAIN: sizes, tables.FAST: sizes | tables.OPTIONS}, width=0.1, updates=1, device=device)
    params = tmp_path / "params.yaml"
    params.write_text(
        "motion: {a: {finetune: {}}, b: {}}\ndeblur: {c: {network: {}}, d: {}, e: {network: {}}}\n"
        "training:\n  deblur: {steps: 9, batch: 1, crop: [32, 32], learning_rate: 0.1, sequence: 2}\n  motion:\n"
        "    pretrain: &small {steps: 7, batch: 1, crop: [32, 32], learning_rate: 0.1}\n    finetune: *small\n"
    )
    tables.study_estimate(params, updates=1, device=device, width=0.1)
    said = capsys.readouterr().out
    first, kernels = (line for line in said.splitlines() if line.startswith((f"| {tables.PLAIN}", "| Triton's")))
    assert first.endswith("| 1.00 | not measured | inf |")
    assert kernels.endswith("| inf |")  # on a processor the same operators compute
    assert said.count("| PVDNet |") == 2
    assert "7 updates of LiteFlowNet, 1 fine-tunings of 7 and 2 rows of PVDNet of 9: computed from rates" in said
