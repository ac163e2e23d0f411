"""Videos: the film and not its cover, its times, sound, colours, orientation and size, and files that are damaged."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from command import one_line, pvdbench_here
from conftest import METHODS
from PIL import Image
from sample_clips import clip, save, seen, video, view

from pvdbench.io.video.film import Film

MS = Fraction(1, 1000)
TIMES = (0, 33, 66, 500, 1000, 1033, 1066, 2000)  # ms


@pytest.fixture
def deblur(tmp_path):
    """Deblur by the method that changes nothing."""

    def run(source, out, *more):
        return pvdbench_here(
            "deblur", source, "--method", "input", "--methods", METHODS, "--out", out, *more, cwd=tmp_path
        )

    return run


def good(done):
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("pvdbench: ")]


def pixels(path):
    return np.asarray(Image.open(path))


def picture(frame, milliseconds, pixel_format="yuv420p"):
    made = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixel_format)
    made.pts, made.time_base = milliseconds, MS
    return made


def irregular(path, times=TIMES, sound="aac", codec="libx264", first=0):
    """A film of unequal times with a track of sound, a title and a chapter; first: of the sound's samples."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = MS
        track = container.add_stream(sound, rate=48000, layout="mono")
        container.metadata.update({"title": "A walk", "artist": "Somebody"})
        for t, milliseconds in enumerate(times):
            container.mux(stream.encode(picture(view(3 * t), milliseconds)))
        for k in range(94):
            wave = np.zeros((1, 1024), np.float32 if sound != "pcm_s16le" else np.int16)
            noise = av.AudioFrame.from_ndarray(wave, format="fltp" if sound != "pcm_s16le" else "s16", layout="mono")
            noise.rate, noise.pts = 48000, first + 1024 * k
            container.mux(track.encode(noise))
        container.mux(stream.encode(None))
        container.mux(track.encode(None))
    return path


def sound_seconds(path):
    with av.open(str(path)) as container:
        return [float(p.pts * p.time_base) for p in container.demux(audio=0) if p.size]


# case 16: times and sound


@pytest.mark.parametrize("source", ["v.mkv", "v.mp4", "v.mov"])
@pytest.mark.parametrize("out", ["o.mkv", "o.mp4"])
def test_unequal_times_sound_and_names_are_kept(deblur, tmp_path, source, out):
    irregular(tmp_path / source)
    assert good(deblur(source, out)) == []
    wanted = [time for _, time in seen(tmp_path / source)]
    assert [time for _, time in seen(tmp_path / out)] == pytest.approx(wanted, abs=0.001)
    assert wanted == pytest.approx([t / 1000 for t in TIMES], abs=0.001)
    with av.open(str(tmp_path / out)) as container:
        assert len(container.streams.audio) == 1 and container.metadata["title"] == "A walk"
        assert next(v for k, v in container.metadata.items() if k.lower() == "artist") == "Somebody"
        assert container.duration / 1e6 >= 2.0
    before, after = sound_seconds(tmp_path / source), sound_seconds(tmp_path / out)
    assert len(after) >= len(before) - 1 and after[-1] == pytest.approx(before[-1], abs=0.001)


@pytest.mark.parametrize("times", [(400, 440, 480), (0, 7, 1000, 61_000), (0, 41, 83, 125, 166)])
def test_other_times_are_kept(deblur, tmp_path, times):
    irregular(tmp_path / "v.mkv", times)
    for out in ("o.mkv", "o.mp4"):
        good(deblur("v.mkv", out))
        assert [t for _, t in seen(tmp_path / out)] == pytest.approx([t / 1000 for t in times], abs=0.001)


def test_sound_that_the_result_cannot_hold_is_named(deblur, tmp_path):
    irregular(tmp_path / "v.mkv", sound="pcm_s16le")
    (tmp_path / "s.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nA walk\n")
    with (
        av.open(str(tmp_path / "v.mkv")) as film,
        av.open(str(tmp_path / "s.srt")) as text,
        av.open(str(tmp_path / "s.mkv"), "w") as target,
    ):
        copies = {stream: target.add_stream_from_template(stream) for stream in (*film.streams, *text.streams)}
        for container in (film, text):
            for packet in container.demux():
                if packet.size:
                    packet.stream = copies[packet.stream]
                    target.mux(packet)
    (said,) = good(deblur("s.mkv", "o.mp4"))
    assert "left out of the result, which cannot hold it: subtitle stream 2 (subrip)" in said
    assert good(deblur("s.mkv", "o.mkv")) == []
    with av.open(str(tmp_path / "o.mkv")) as container:
        assert [s.type for s in container.streams] == ["video", "audio", "subtitle"]
        assert [p.pts * p.time_base for p in container.demux(subtitles=0) if p.size] == [Fraction(1, 2)]


def test_sound_whose_times_go_back_is_left_out_and_said(deblur, tmp_path):
    """Two camera files that were joined byte by byte: each begins at its own 0."""
    part = irregular(tmp_path / "v.ts").read_bytes()
    (tmp_path / "two.ts").write_bytes(part + part)
    said = good(deblur("two.ts", "o.mp4", "--allow-damaged"))
    assert any("packets of its sound are left out, whose times go back" in line for line in said)
    assert any("times do not rise" in line for line in said) and len(seen(tmp_path / "o.mp4")) == 2 * len(TIMES)


def test_a_clock_is_not_taken_for_a_rate(deblur, tmp_path):
    """As FFmpeg reads DV: 60000 frames per second, which H.264 refuses."""
    video(tmp_path / "w.dv", [view(0, 128, 120).repeat(5, 0).repeat(6, 1)[:576]] * 3, codec="dvvideo")
    good(deblur("w.dv", "o.mp4"))
    assert [t for _, t in seen(tmp_path / "o.mp4")] == pytest.approx([0, 0.04, 0.08], abs=0.001)
    assert Film(tmp_path / "w.dv").rate == 25


def test_a_folder_gets_equal_times_and_says_so(deblur, tmp_path):
    clip(tmp_path / "in", ["0", "1", "2"])
    assert good(deblur("in", "o.mp4")) == ["pvdbench: o.mp4: frames have no times; the video shows 30 a second"]
    assert [t for _, t in seen(tmp_path / "o.mp4")] == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-4)


# case 17: which stream is the film


def two_films(path, cover_size, cover_frames, film_frames=10, cover_codec="mjpeg", film_first=False, flag=0):
    with av.open(str(path), "w") as container:
        def film():
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            return stream

        def cover():
            stream = container.add_stream(cover_codec, rate=25)
            stream.height, stream.width = cover_size
            stream.pix_fmt = "yuvj420p" if cover_codec == "mjpeg" else "yuv420p"
            if flag:
                stream.disposition = flag
            return stream

        film, cover = (film(), cover()) if film_first else (cover(), film())[::-1]
        for stream, count in ((cover, cover_frames), (film, film_frames)):
            height, width = stream.height, stream.width
            for t in range(count):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(view(3 * t, height, width), format="rgb24")))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    "how",
    [
        {"cover_size": (24, 32), "cover_frames": 1},
        {"cover_size": (96, 128), "cover_frames": 1},  # a cover larger than the film
        {"cover_size": (24, 32), "cover_frames": 30, "cover_codec": "libx264"},  # a drone's preview, longer
        {"cover_size": (24, 32), "cover_frames": 10, "film_first": True},
    ],
)
@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_the_film_is_taken_and_not_its_cover(deblur, tmp_path, how, ending):
    two_films(tmp_path / f"two{ending}", **how)
    (said,) = good(deblur(f"two{ending}", "o"))
    assert "the film is taken to be stream" in said and "64x48" in said
    assert len(list((tmp_path / "o").glob("*.png"))) == 10
    assert pixels(tmp_path / "o/000000.png").shape == (48, 64, 3)


def test_synthesize_takes_the_film_too(tmp_path):
    two_films(tmp_path / "two.mkv", (24, 32), 1)
    words = ("datasets", "synthesize", "two.mkv", "--out", "m", "--window", "5", "--stride", "5")
    run = pvdbench_here(*words, cwd=tmp_path)
    assert run.returncode == 0 and "2 frames" in run.stdout, run.stderr


def test_a_flagged_cover_is_no_film(deblur, tmp_path):
    two_films(tmp_path / "a.mp4", (96, 128), 1, flag=av.stream.Disposition.attached_pic)
    good(deblur("a.mp4", "o"))
    assert pixels(tmp_path / "o/000009.png").shape == (48, 64, 3)


# case 18: damage, B-frames, odd sides, 10 bits


def cut(path, part):
    data = path.read_bytes()
    path.with_name(f"cut{path.suffix}").write_bytes(data[: int(len(data) * part)])


def flip(path):
    data = bytearray(path.read_bytes())
    for i in range(len(data) // 2, len(data) // 2 + 20):
        data[i] ^= 0x55
    path.with_name(f"cut{path.suffix}").write_bytes(data)


@pytest.mark.parametrize(
    ("name", "codec", "pix", "harm"),
    [
        ("w.mkv", "libx264", "yuv420p", lambda path: cut(path, 0.6)),
        ("w.mkv", "libx264", "yuv420p", lambda path: cut(path, 0.9)),
        ("w.webm", "libvpx-vp9", "yuv420p", lambda path: cut(path, 0.5)),
        ("w.mkv", "ffv1", "bgr0", lambda path: cut(path, 0.6)),
        ("w.avi", "mjpeg", "yuvj420p", lambda path: cut(path, 0.6)),
        ("w.avi", "mpeg4", "yuv420p", lambda path: cut(path, 0.9)),
        ("w.mkv", "ffv1", "bgr0", flip),
        ("w.mkv", "libx264", "yuv420p", flip),
        ("w.mp4", "libx264", "yuv420p", flip),
        ("w.ts", "libx264", "yuv420p", flip),
        ("w.ts", "libx264", "yuv420p", lambda path: cut(path, 0.6)),
    ],
)
def test_a_damaged_or_cut_video_is_an_error_with_its_frames(deblur, tmp_path, name, codec, pix, harm):
    video(tmp_path / name, [view(3 * t) for t in range(50)], codec=codec, pixels=pix)
    assert len(Film(tmp_path / name)) == 50
    harm(tmp_path / name)
    damaged = "cut" + name[1:]
    said = one_line(deblur(damaged, "o"))
    assert "this video is damaged or cut off" in said and "--allow-damaged" in said
    assert not (tmp_path / "o").exists()
    words = ("datasets", "synthesize", damaged, "--out", "m", "--window", "3", "--stride", "3")
    assert "damaged or cut off" in one_line(pvdbench_here(*words, cwd=tmp_path))
    notices = good(deblur(damaged, "o", "--allow-damaged"))
    assert "it goes on with" in notices[0]
    read = int(notices[0].split("goes on with ")[1].split()[0])
    assert len(list((tmp_path / "o").glob("*.png"))) == read <= 50
    run = pvdbench_here(*words, "--allow-damaged", cwd=tmp_path)
    assert run.returncode == 0 or read < 3, run.stderr


def test_the_line_says_how_many_of_how_many(deblur, tmp_path):
    video(tmp_path / "w.mkv", [view(3 * t) for t in range(50)])
    cut(tmp_path / "w.mkv", 0.6)
    assert "22 of 50 frames can be read" in one_line(deblur("cut.mkv", "c"))


def hole(path, start, length, filling=b""):
    """Leave out bytes, parts of the whole, or put others in their place."""
    data = path.read_bytes()
    first, count = int(len(data) * start), int(len(data) * length)
    path.with_name(f"cut{path.suffix}").write_bytes(data[:first] + filling * count + data[first + count :])


@pytest.mark.parametrize(
    ("name", "codec", "pix", "start", "length", "filling"),
    [
        ("w.ts", "libx264", "yuv420p", 0.6, 0.4, b"\xff"),  # a card that was erased, a disk that was full
        ("w.ts", "mpeg2video", "yuv420p", 0.6, 0.4, b"\0"),
        ("w.mkv", "libx264", "yuv420p", 0.4, 0.05, b"\xff"),
        ("w.flv", "libx264", "yuv420p", 0.6, 0.4, b""),
        ("w.flv", "libx264", "yuv420p", 0.4, 0.05, b""),
        ("w.wmv", "wmv2", "yuv420p", 0.6, 0.4, b"\0"),
        ("w.wmv", "wmv2", "yuv420p", 0.4, 0.05, b""),
        ("w.avi", "huffyuv", "rgb24", 0.4, 0.001, b""),
        ("w.avi", "mjpeg", "yuvj420p", 0.4, 0.05, b"\0"),
        ("w.mp4", "mpeg4", "yuv420p", 0.4, 0.02, b"\x5a"),
    ],
)
def test_no_container_loses_a_frame_in_silence(deblur, tmp_path, name, codec, pix, start, length, filling):
    whole = video(tmp_path / name, [view(3 * t) for t in range(50)], codec=codec, pixels=pix, options={"g": "12"})
    assert good(deblur(name, "whole")) == [] and len(list((tmp_path / "whole").iterdir())) >= 50
    hole(whole, start, length, filling)
    assert "damaged or cut off" in one_line(deblur(f"cut{whole.suffix}", "o"))


@pytest.mark.parametrize(("name", "codec"), [("w.h264", "libx264"), ("w.m2v", "mpeg2video")])
def test_a_raw_stream_says_that_it_cannot_be_checked(deblur, tmp_path, name, codec):
    video(tmp_path / name, [view(3 * t) for t in range(9)], codec=codec)
    (said,) = good(deblur(name, "o"))
    assert "raw stream holds neither times nor a count of its frames" in said
    assert len(list((tmp_path / "o").glob("*.png"))) == 9


def test_what_harms_no_frame_is_no_damage(deblur, tmp_path):
    """A camera's note of a wrong length, and the count of an AVI that was written into a pipe."""
    raw = video(tmp_path / "w.h264", [view(3 * t) for t in range(9)]).read_bytes()
    first = raw.index(b"\0\0\1\x65")
    note = b"\0\0\1\x06\x05\x60" + b"\x11" * 20 + b"\x80"
    (tmp_path / "w.h264").write_bytes(raw[:first] + note + raw[first:])
    assert len(Film(tmp_path / "w.h264")) == 9
    film = video(tmp_path / "w.avi", [view(3 * t) for t in range(9)], codec="mpeg4").read_bytes()
    count = film.index(b"strh") + 8 + 32
    data = film[:count] + struct.pack("<I", 1 << 30) + film[count + 4 :]
    (tmp_path / "w.avi").write_bytes(data)
    assert good(deblur("w.avi", "o")) == [] and len(list((tmp_path / "o").glob("*.png"))) == 9


@pytest.mark.parametrize("tail", [b"\0", b"\xff"])
def test_a_download_that_stopped_within_its_space_is_an_error(deblur, tmp_path, tail):
    """The file has its whole length: what did not come is zeros, or ones on an erased card."""
    whole = video(tmp_path / "w.webm", [view(3 * t) for t in range(40)], codec="libvpx-vp9").read_bytes()
    kept = len(whole) * 6 // 10
    (tmp_path / "part.webm").write_bytes(whole[:kept] + tail * (len(whole) - kept))
    assert "damaged or cut off" in one_line(deblur("part.webm", "o")) and not (tmp_path / "o").exists()
    assert any("damaged" in line for line in good(deblur("part.webm", "o", "--allow-damaged")))
    (tmp_path / "more.webm").write_bytes(whole + bytes(1000))  # nothing is missing
    assert good(deblur("more.webm", "p")) == [] and len(list((tmp_path / "p").glob("*.png"))) == 40


@pytest.mark.parametrize("flags", [{}, {"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
def test_a_cut_mp4_is_an_error(deblur, tmp_path, flags):
    with av.open(str(tmp_path / "w.mp4"), "w", options=flags) as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for t in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view(3 * t), format="rgb24")))
        container.mux(stream.encode(None))
    assert len(Film(tmp_path / "w.mp4")) == 50
    cut(tmp_path / "w.mp4", 0.7)
    assert "cut.mp4: this video" in one_line(deblur("cut.mp4", "o"))


def test_b_frames_come_in_order(deblur, tmp_path):
    frames = [np.full((48, 64, 3), 10 * t, np.uint8) for t in range(25)]
    video(tmp_path / "b.mp4", frames, options={"bf": "3", "qp": "0"})
    good(deblur("b.mp4", "b"))
    means = [pixels(path).mean() for path in sorted((tmp_path / "b").glob("*.png"))]
    assert means == pytest.approx([10 * t for t in range(25)], abs=2)
    good(deblur("b.mp4", "b2.mp4"))
    assert [mean for mean, _ in seen(tmp_path / "b2.mp4")] == pytest.approx([10 * t for t in range(25)], abs=2)


@pytest.mark.parametrize(("height", "width"), [(49, 65), (48, 65), (49, 64), (1, 1)])
def test_odd_sides_are_padded_with_a_word_or_kept(deblur, tmp_path, height, width):
    clip(tmp_path / "odd", ["0", "1", "2"], height=height, width=width)
    said = good(deblur("odd", "odd.mp4"))
    assert any(f"{width}x{height} frames become" in line and ".mkv keeps the size" in line for line in said)
    film = next(Film(tmp_path / "odd.mp4").frames())
    assert film.shape == (height + height % 2, width + width % 2, 3)
    assert len(good(deblur("odd", "odd.mkv"))) == 1
    assert np.array_equal(next(Film(tmp_path / "odd.mkv").frames()), view(0, height, width))


@pytest.mark.parametrize("pix", ["yuv420p10le", "yuv422p10le", "gray10le", "yuv444p12le", "gbrp10le"])
def test_more_bits_are_read_right_and_said(deblur, tmp_path, pix):
    video(tmp_path / "t.mkv", [np.full((48, 64, 3), 130, np.uint8)] * 3, codec="ffv1", pixels=pix)
    assert any("more than 8 bits" in line for line in good(deblur("t.mkv", "o")))
    assert np.abs(pixels(tmp_path / "o/000001.png").astype(int) - 130).max() <= 1


def test_a_change_of_size_is_an_error(deblur, tmp_path):
    for name, size in (("a.ts", (48, 64)), ("b.ts", (32, 48))):
        video(tmp_path / name, [view(3 * t, *size) for t in range(5)])
    (tmp_path / "ab.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    said = one_line(deblur("ab.ts", "o"))
    assert "48x32 from frame 5 on and 64x48 before" in said


# case 14: colours


def coloured(path, planes, size=(1280, 720), matrix=1, colour_range=1, transfer=1, primaries=1, options=None):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options or {"qp": "0"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.colorspace, codec.color_range, codec.color_trc, codec.color_primaries = (
            matrix, colour_range, transfer, primaries,
        )  # fmt: skip
        frame = av.VideoFrame(*size, "yuv420p")
        for plane, value in zip(frame.planes, planes, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace, frame.color_range = matrix, colour_range
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("planes", "how", "written", "tags"),
    [
        ((63, 102, 240), {}, 63, 1),
        ((54, 99, 255), {"colour_range": 2}, 63, 1),
        ((63, 102, 240), {"matrix": 2, "transfer": 2, "primaries": 2}, 63, 1),  # untagged HD is BT.709
        ((63, 102, 240), {"matrix": 2, "transfer": 2, "primaries": 2, "size": (720, 1280)}, 63, 1),
        ((81, 90, 240), {"matrix": 6, "transfer": 6, "primaries": 6}, 63, 1),
        ((81, 90, 240), {"matrix": 2, "transfer": 2, "primaries": 2, "size": (640, 480)}, 81, 6),
        ((63, 102, 240), {"size": (640, 480)}, 81, 6),
    ],
)
def test_red_stays_red(deblur, tmp_path, planes, how, written, tags):
    coloured(tmp_path / "r.mp4", planes, **how)
    good(deblur("r.mp4", "png"))
    assert np.abs(pixels(tmp_path / "png/000000.png")[9, 9].astype(int) - (255, 0, 0)).max() <= 2
    good(deblur("r.mp4", "o.mp4"))
    with av.open(str(tmp_path / "o.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_range) == (tags, 1)
        assert codec.color_primaries not in (0, 2) and codec.color_trc not in (0, 2)
        assert abs(int(next(container.decode(video=0)).to_ndarray(format="yuv420p")[9, 9]) - written) <= 2
    good(deblur("r.mp4", "o.mkv"))
    assert np.abs(next(Film(tmp_path / "o.mkv").frames())[9, 9].astype(int) - (255, 0, 0)).max() <= 2


def test_frames_become_a_tagged_video(deblur, tmp_path):
    save(tmp_path / "in/0.png", np.full((720, 1280, 3), (255, 0, 0), np.uint8))
    good(deblur("in", "o.mp4"))
    with av.open(str(tmp_path / "o.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
        assert abs(int(frame.to_ndarray(format="yuv420p")[9, 9]) - 63) <= 2


@pytest.mark.parametrize(("transfer", "said"), [(16, "HDR (PQ)"), (18, "HDR (HLG)"), (14, "BT.2020")])
def test_hdr_is_said_and_its_tags_are_kept(deblur, tmp_path, transfer, said):
    coloured(tmp_path / "h.mp4", (100, 128, 128), matrix=9, transfer=transfer, primaries=9)
    assert any(said in line for line in good(deblur("h.mp4", "o.mp4")))
    with av.open(str(tmp_path / "o.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.color_primaries, codec.color_trc, codec.colorspace) == (9, transfer, 1)


def test_interlaced_is_said(deblur, tmp_path):
    video(tmp_path / "i.mp4", [view(3 * t) for t in range(4)], options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    assert any("interlaced" in line for line in good(deblur("i.mp4", "o")))


# case 15: orientation


TURNS = {
    "quarter": ((0, 1, -1, 0), lambda f: np.rot90(f, -1)),
    "back": ((0, -1, 1, 0), np.rot90),
    "half": ((-1, 0, 0, -1), lambda f: f[::-1, ::-1]),
    "mirrored": ((-1, 0, 0, 1), lambda f: f[:, ::-1]),
    "upside": ((1, 0, 0, -1), lambda f: f[::-1]),
    "transposed": ((0, 1, 1, 0), lambda f: f.transpose(1, 0, 2)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_phones_video_comes_out_upright(deblur, tmp_path, turn):
    (a, b, c, d), expected = TURNS[turn]
    video(tmp_path / "r.mp4", [view(3 * t) for t in range(4)], options={"qp": "0"})
    good(deblur("r.mp4", "plain"))
    data = bytearray((tmp_path / "r.mp4").read_bytes())
    start = data.index(b"tkhd") + 44
    data[start : start + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    (tmp_path / "r.mp4").write_bytes(data)
    good(deblur("r.mp4", "o"))
    upright = expected(pixels(tmp_path / "plain/000001.png"))
    assert np.array_equal(pixels(tmp_path / "o/000001.png"), upright)
    for out in ("o.mkv", "o.mp4"):
        good(deblur("r.mp4", out))
        with av.open(str(tmp_path / out)) as container:
            frame = list(container.decode(video=0))[1]
            assert frame.rotation == 0 and (frame.height, frame.width) == upright.shape[:2]
            assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - upright).mean() < 12
    run = pvdbench_here("datasets", "synthesize", "r.mp4", "--out", "m", "--window", "3", cwd=tmp_path)
    assert run.returncode == 0 and pixels(tmp_path / "m/r/sharp/00000.png").shape == upright.shape, run.stderr


def test_pixels_that_are_not_square_stay_so_or_are_said(deblur, tmp_path):
    with av.open(str(tmp_path / "s.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(view(0), format="rgb24")))
        container.mux(stream.encode(None))
    assert good(deblur("s.mp4", "o.mp4")) == []
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
    for out in ("o", "o.mkv"):
        assert any("4/3 times as wide" in line for line in good(deblur("s.mp4", out)))


def test_synthesize_says_it_of_pixels_too(tmp_path):
    with av.open(str(tmp_path / "s.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for t in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view(3 * t), format="rgb24")))
        container.mux(stream.encode(None))
    run = pvdbench_here("datasets", "synthesize", "s.mp4", "--out", "m", "--window", "3", cwd=tmp_path)
    assert any("4/3 times as wide" in line for line in good(run))


def test_transparency_beside_the_frames_is_said(deblur, tmp_path):
    """As WebM keeps it: the decoder leaves it out without a word."""
    with av.open(str(tmp_path / "a.webm"), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["alpha_mode"] = "1"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(view(0), format="rgb24")))
        container.mux(stream.encode(None))
    assert any("its transparency is left out" in line for line in good(deblur("a.webm", "o")))


# case 19: one image


def images(folder):
    Image.fromarray(np.dstack([view(0), np.full((48, 64), 99, np.uint8)])).save(folder / "a.png")
    Image.fromarray(np.full((48, 64), 40000, np.uint16)).save(folder / "g.png")
    Image.fromarray(view(0)).quantize(16).save(folder / "p.png")
    Image.fromarray(view(0)).convert("CMYK").save(folder / "c.jpg")
    Image.fromarray(view(0)).convert("L").save(folder / "l.PNG", format="PNG")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])


@pytest.mark.parametrize("name", ["a.png", "g.png", "p.png", "c.jpg", "l.PNG", "broken.png"])
def test_one_image_is_refused_as_a_folder_of_it(deblur, tmp_path, name):
    images(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / name).write_bytes((tmp_path / name).read_bytes())
    alone, inside = one_line(deblur(name, "o1")), one_line(deblur("d", "o2"))
    assert alone == inside.replace("d/", "")


def test_one_image_is_a_clip(deblur, tmp_path):
    save(tmp_path / "photo.PNG", view(0), format="PNG")
    good(deblur("photo.PNG", "o"))
    assert np.array_equal(pixels(tmp_path / "o/photo.png"), view(0))


@pytest.mark.parametrize("name", ["x.tif", "x.bmp", "x.webp", "png-without-its-ending"])
def test_other_images_are_refused(deblur, tmp_path, name):
    Image.fromarray(view(0)).save(tmp_path / name, format="PNG" if name.startswith("png") else None)
    assert "PNG or JPEG" in one_line(deblur(name, "o"))


def test_a_video_a_folder_and_an_image_are_told_apart(deblur, tmp_path):
    """A line says what is there and what is needed, not that a whole file is damaged."""
    clip(tmp_path / "d", ["0", "1", "2"])
    video(tmp_path / "v.mp4", [view(3 * t) for t in range(3)])
    synthesize = ("datasets", "synthesize", "--out", "m", "--window", "3")
    score = ("score", "folder", "--out", "s.csv", "--estimate")
    flow = ("flow", "--method", "tvl1", "--methods", METHODS, "--out", "x.flo", "d/0.png")
    for words, said in (
        ((*synthesize, "d"), "d: this is a folder, where a video is needed"),
        ((*synthesize, "d/0.png"), "this is an image and no video"),
        ((*score, "v.mp4", "--truth", "d"), "v.mp4: this is a file, where a folder of frames is needed"),
        ((*flow, "d"), "d: this is a folder, where one PNG or JPEG is needed"),
    ):
        assert said in one_line(pvdbench_here(*words, cwd=tmp_path))
    assert list(tmp_path.iterdir()) != [] and not {"m", "s.csv", "x.flo"} & {path.name for path in tmp_path.iterdir()}


def test_many_jpegs_in_one_file_are_a_film(deblur, tmp_path):
    video(tmp_path / "w.mjpeg", [view(3 * t) for t in range(7)], codec="mjpeg", pixels="yuvj420p")
    assert "raw stream" in good(deblur("w.mjpeg", "o"))[0]
    assert len(list((tmp_path / "o").glob("*.png"))) == 7


def test_the_help_says_what_becomes_of_a_video(deblur):
    text = pvdbench_here("deblur", "--help").stdout
    for word in ("time", "sound", "upright", "replaced", "colours", "--overwrite", "--allow-damaged", "30"):
        assert word.lower() in text.lower()
