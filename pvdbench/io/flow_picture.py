"""The picture of a flow beside its .flo file: it knows that file, so that both say whether pvdbench wrote them."""

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pvdbench.core.whole_file import open_file
from pvdbench.io.checksum import file_sha256
from pvdbench.io.images import Frame

_KEY = "pvdbench flow"  # of the PNG's text: the SHA-256 of the .flo file


def write_flow_picture(path: Path, picture: Frame, flow: Path) -> None:
    """Write (H, W, 3) uint8 RGB as PNG, with the digest of the .flo file that it shows."""
    info = PngInfo()
    info.add_text(_KEY, file_sha256(flow))
    Image.fromarray(picture).save(path, format="PNG", pnginfo=info)


def is_our_picture(path: Path) -> bool:
    """Tell whether a file is a picture that write_flow_picture wrote."""
    return bool(_shown(path))


def is_our_flow(path: Path) -> bool:
    """Tell whether a .flo file is, to the byte, the one that the picture beside it shows."""
    return path.is_file() and _shown(path.with_suffix(".png")) == file_sha256(path)


def _shown(picture: Path) -> str:
    try:
        with open_file(picture) as file, Image.open(file, formats=("PNG",)) as image:
            return str(image.info.get(_KEY, ""))
    except Exception:  # Pillow raises anything for damaged bytes
        return ""
