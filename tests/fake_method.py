"""Methods that tests write: one line of behaviour each, in a folder of their own."""

CARD = "label: Ours\ntask: deblur\ncitation: somebody\n"

ADAPTER = """
import time
import torch

class Method:
    def load(self, weights, device, **options):
        self.weights, self.options = weights, options
        {load}

    def parameters(self):
        return {{}}

    def deblur(self, clip):
        {deblur}
"""


def write_method(place, name, *, deblur="yield from clip", load="pass", card="", files=()):
    """place/NAME with an adapter; card is added to method.yaml, files are further ones by name."""
    folder = place / name
    folder.mkdir(parents=True)
    (folder / "method.yaml").write_text(CARD + card)
    (folder / "adapter.py").write_text(ADAPTER.format(deblur=deblur, load=load))
    for file, text in dict(files).items():
        (folder / file).write_text(text)
    return place
