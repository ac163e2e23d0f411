"""Plain PNGs against Pillow and OpenCV: equal pixels by every filter, the same refusals of what is damaged."""

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.io.images import read_frame, write_frame
from pvdbench.io.png import decode_plain, encode_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 30, 20
NOISE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(deflated, width=WIDTH, height=HEIGHT, how=(8, 2, 0, 0, 0), before=b"", after=b"", piece=None):
    pieces = [deflated[start : start + piece] for start in range(0, len(deflated), piece)] if piece else [deflated]
    header = chunk(b"IHDR", struct.pack(">II5B", width, height, *how))
    return SIGNATURE + header + before + b"".join(chunk(b"IDAT", each) for each in pieces) + after + chunk(b"IEND", b"")


def paeth(left, above, corner):
    """The predictor as section 9.4 of the PNG specification words it."""
    p = left + above - corner
    distances = [abs(p - left), abs(p - above), abs(p - corner)]
    return (left, above, corner)[distances.index(min(distances))]


def filtered(frame, filters):
    """Filter each row as section 9.2 of the PNG specification says, byte by byte."""
    height, length = len(frame), frame[0].size
    rows, out = frame.reshape(height, length).astype(int), bytearray()
    for y, kind in enumerate(filters):
        out.append(kind)
        for x in range(length):
            left, above = (rows[y, x - 3] if x >= 3 else 0), (rows[y - 1, x] if y else 0)
            corner = rows[y - 1, x - 3] if y and x >= 3 else 0
            predicted = (0, left, above, (left + above) // 2, paeth(left, above, corner))[kind]
            out.append(int(rows[y, x] - predicted) % 256)
    return bytes(out)


def by_pillow(data):
    """What Pillow decodes; None where it refuses."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return np.asarray(image)
    except Exception:
        return None


def deflate(content, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, window=15):
    compressor = zlib.compressobj(level, zlib.DEFLATED, window, 8, strategy)
    return compressor.compress(content) + compressor.flush()


RAW = b"".join(b"\0" + row.tobytes() for row in NOISE)
WHOLE = zlib.compress(RAW, 1)
FRAMES = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 12), st.just(3)), elements=st.integers(0, 255)
)


@settings(max_examples=200, deadline=None)
@given(
    frame=FRAMES,
    chosen=st.lists(st.integers(0, 4), min_size=9, max_size=9) | st.integers(0, 4).map(lambda kind: [kind] * 9),
    level=st.integers(0, 9),
    strategy=st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]),
    window=st.sampled_from([9, 12, 15]),
    piece=st.sampled_from([None, 1, 7, 100]),
)
def test_every_filter_and_compression_gives_pillows_pixels(frame, chosen, level, strategy, window, piece):
    height, width = frame.shape[:2]
    deflated = deflate(filtered(frame, chosen[:height]), level, strategy, window)
    data = png(deflated, width, height, piece=piece)
    np.testing.assert_array_equal(by_pillow(data), frame)
    np.testing.assert_array_equal(decode_plain(data), frame)


@settings(max_examples=50, deadline=None)
@given(frame=FRAMES)
def test_what_is_written_is_read_by_pillow_and_opencv(frame):
    data = encode_png(frame)
    np.testing.assert_array_equal(by_pillow(data), frame)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], frame)
    np.testing.assert_array_equal(decode_plain(data), frame)
    assert encode_png(np.asfortranarray(frame)) == data == encode_png(frame[::-1].copy()[::-1])


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_a_natural_frame_written_by_others_is_read(level, tmp_path):
    frame = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8), (0, 0), 3)
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG", compress_level=level)
    by_opencv = cv2.imencode(".png", frame[..., ::-1].copy(), [cv2.IMWRITE_PNG_COMPRESSION, level])[1].tobytes()
    for data in (out.getvalue(), by_opencv):
        (tmp_path / "f.png").write_bytes(data)
        np.testing.assert_array_equal(read_frame(tmp_path / "f.png"), frame)
    np.testing.assert_array_equal(decode_plain(cv2.imencode(".png", frame[..., ::-1].copy())[1].tobytes()), frame)


@pytest.mark.parametrize(
    "frame",
    [np.zeros((4, 5), np.uint8), np.zeros((4, 5, 4), np.uint8), np.zeros((4, 5, 3)), np.zeros((0, 5, 3), np.uint8)],
)
def test_only_frames_are_encoded(frame, tmp_path):
    with pytest.raises(ValueError, match=r"a frame is \(H, W, 3\) uint8, got \("):
        write_frame(tmp_path / "f.png", frame)
    assert not (tmp_path / "f.png").exists()


_HEADER = chunk(b"IHDR", struct.pack(">II5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
_TEXT = zlib.compress(bytes(2_000_000))
ODD = {
    "another checksum of the pixels": png(WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])),
    "no checksum of the pixels": png(WHOLE[:-4]),
    "half a checksum": png(WHOLE[:-2]),
    "cut off in the last row": png(WHOLE[:-10]),
    "cut off in the middle": png(WHOLE[: len(WHOLE) // 2]),
    "no pixels": png(b""),
    "no chunk of pixels": SIGNATURE + _HEADER + chunk(b"IEND", b""),
    "half of the rows": png(zlib.compress(RAW[: len(RAW) // 2 + 1])),
    "a byte too few": png(zlib.compress(RAW[:-1])),
    "a byte too many": png(zlib.compress(RAW + b"\0")),
    "twice the rows": png(zlib.compress(RAW + RAW)),
    "a bomb after the rows": png(zlib.compress(RAW + bytes(10**8))),
    "bytes after the pixels": png(WHOLE + b"abcdef"),
    "the pixels twice": png(WHOLE + WHOLE),
    "an unknown filter": png(zlib.compress(b"\5" + RAW[1:])),
    "an unknown filter last": png(zlib.compress(RAW[: -3 * WIDTH - 1] + b"\xff" + RAW[-3 * WIDTH :])),
    "no zlib": png(b"\0\0" + WHOLE[2:]),
    "a dictionary": png(b"\x78\xbb" + WHOLE[2:]),
    "deflate alone": png(WHOLE[2:-4]),
    "a chunk between the pixels": png(WHOLE[:100], after=chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", WHOLE[100:])),
    "a gamma": png(WHOLE, before=chunk(b"gAMA", struct.pack(">I", 45455))),
    "half a gamma": png(WHOLE, before=chunk(b"gAMA", b"\0\0")),
    "half a colour space": png(WHOLE, before=chunk(b"cHRM", b"\0")),
    "no rendering intent": png(WHOLE, before=chunk(b"sRGB", b"")),
    "half a density": png(WHOLE, before=chunk(b"pHYs", b"\0")),
    "a text": png(WHOLE, before=chunk(b"tEXt", b"Software\0x")),
    "a text that is a bomb": png(WHOLE, before=chunk(b"zTXt", b"a\0\0" + _TEXT)),
    "a profile that is a bomb": png(WHOLE, before=chunk(b"iCCP", b"a\0\0" + _TEXT)),
    "a palette": png(WHOLE, before=chunk(b"PLTE", bytes(9))),
    "an unknown chunk": png(WHOLE, before=chunk(b"ABCD", b"123")),
    "no chunk's name": png(WHOLE, before=chunk(b"\0\0\0\0", b"123")),
    "a part of an animation": png(WHOLE, before=chunk(b"fcTL", bytes(26))),
    "pixels of an animation": png(WHOLE, after=chunk(b"fdAT", bytes(26))),
    "two headers": png(WHOLE, before=_HEADER),
    "a header that is not first": SIGNATURE + chunk(b"tEXt", b"a\0b") + png(WHOLE)[8:],
    "another compression": png(WHOLE, how=(8, 2, 1, 0, 0)),
    "another way to filter": png(WHOLE, how=(8, 2, 0, 64, 0)),
    "no size": png(WHOLE, 0, 0),
    "no width": png(WHOLE, 0, 5),
    "a huge row": png(WHOLE, 80_000_000, 1),
    "a huge column": png(WHOLE, 1, 80_000_000),
    "a huge frame": png(WHOLE, 9000, 9000),
    "too few rows for its size": png(WHOLE, 4096, 4096),
    "a size of 4 thousand million": png(WHOLE, 2**32 - 1, 2**32 - 1),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_decoded_or_refused_as_by_pillow(name, tmp_path, capfd):
    data, path = ODD[name], tmp_path / "f.png"
    path.write_bytes(data)
    expected = by_pillow(data)
    if expected is None:
        assert decode_plain(data) is None
        with pytest.raises(DataError, match=r"f\.png: this is no readable PNG or JPEG \("):
            read_frame(path)
    else:
        np.testing.assert_array_equal(read_frame(path), expected)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("level", [0, 1, 9])
def test_pixels_that_were_harmed_before_they_got_their_chunk_are_as_by_pillow(level, capfd):
    """The chunk's checksum is right, as where a program wrote wrong bytes."""
    smooth = cv2.GaussianBlur(NOISE, (0, 0), 2)
    for kind in range(3):
        whole, rng = zlib.compress(filtered(smooth, [kind] * HEIGHT), level), np.random.default_rng(kind)
        for _ in range(300):
            harmed = bytearray(whole)
            harmed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
            data = png(bytes(harmed[: rng.integers(2 * len(whole))]), piece=1000)
            decoded, expected = decode_plain(data), by_pillow(data)
            assert decoded is None or (expected is not None and np.array_equal(decoded, expected))
    assert capfd.readouterr() == ("", "")


def test_any_byte_that_was_harmed_is_noticed(tmp_path):
    path = tmp_path / "f.png"
    write_frame(path, NOISE[:4, :5])
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with pytest.raises(DataError, match=r"f\.png: this is no readable PNG"):
            read_frame(path)


def test_no_length_in_a_file_asks_for_memory():
    tracemalloc.start()
    try:
        assert decode_plain(ODD["a huge frame"]) is None
        np.testing.assert_array_equal(decode_plain(ODD["a bomb after the rows"]), NOISE)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(2, 20_000, 3), (20_000, 2, 3)])
def test_long_frames_are_read(shape, tmp_path):
    frame = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    write_frame(tmp_path / "f.png", frame)
    np.testing.assert_array_equal(read_frame(tmp_path / "f.png"), frame)
