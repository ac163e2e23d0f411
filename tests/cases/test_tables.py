"""Tables that strangers' programs changed: names that look like nothing or like numbers, and what spreadsheets make."""

import re

import numpy as np
import pandas as pd
import pytest
from command import one_line, pvdbench_here
from conftest import ROOT
from sample_clips import clip, pair, video
from score_folder import score

import pvdbench
from pvdbench.analysis.published import read_published
from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import read_clips, read_manifest
from pvdbench.datasets.verify import read_splits
from pvdbench.datasets.video_check import VideoJob, check_video
from pvdbench.io.tables import MANIFEST, TRAINING_LOG, TRUTH, read_table, read_text_table, write_table

ODD = ["NA", "null", "nan", "NaN", "None", "N/A", "007", "1e5", "true", "False", "inf", "-", "1_000", "0x10", "#N/A"]
NAMES = ["000", "001", "002"]


def test_case_39_videos_called_as_nothing_stay(tmp_path):
    odd = [name for name in ODD if "/" not in name]
    for name in (*odd, "walk"):
        pair(tmp_path / "in" / name / "blur", tmp_path / "in" / name / "sharp", NAMES, height=16, width=24)
    run = pvdbench_here("datasets", "add", "mine", tmp_path / "in", "--data", tmp_path / "d")
    assert run.returncode == 0, run.stderr
    clips = read_clips(tmp_path / "d/mine", "test")
    assert [one.video for one in clips] == sorted((*odd, "walk"))
    assert all([frame.name for frame in one.frames] == NAMES for one in clips)


@pytest.mark.parametrize("name", ODD)
def test_text_of_every_table_stays_text(tmp_path, name):
    frame = pd.DataFrame([(name, "test", name, name, name, None, None, 3, 4)], columns=list(MANIFEST))
    write_table(tmp_path / "m.csv", frame, MANIFEST)
    (row,) = read_table(tmp_path / "m.csv", MANIFEST).to_dict("records")
    assert [row[key] for key in ("video", "frame", "blurry", "sharp")] == [name] * 4 and pd.isna(row["flow"])
    write_table(tmp_path / "t.csv", pd.DataFrame([(name, name, 30.5, None)], columns=list(TRUTH)), TRUTH)
    (row,) = read_table(tmp_path / "t.csv", TRUTH).to_dict("records")
    assert row["video"] == row["frame"] == name and row["blurriness_db"] == 30.5 and np.isnan(row["warping_error_db"])
    header = "dataset,method,task,video,frame,protocol,counted,psnr_db,ssim\n"
    (tmp_path / "s.csv").write_text(header + f"{name},{name},deblur,{name},{name},koehler,True,30.0,0.9\n")
    (row,) = read_text_table(tmp_path / "s.csv").to_dict("records")
    assert [row[key] for key in ("dataset", "method", "video", "frame")] == [name] * 4


def test_published_names_stay_text(tmp_path):
    folder = tmp_path / "data/published"
    folder.mkdir(parents=True)
    for path in (ROOT / "data/published").glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("\nSmall,", "\nNA,", 1)
        (folder / path.name).write_text(text, encoding="utf-8")
    assert read_published(tmp_path).table3.index[0] == "NA"
    whole = (folder / "table2.csv").read_text(encoding="utf-8")
    (folder / "table2.csv").write_text(whole.replace("27.40", "27.4 dB", 1), encoding="utf-8")
    with pytest.raises(DataError, match=r"table2\.csv: line 2: psnr_db_all is '27\.4 dB', and should be a number"):
        read_published(tmp_path)


LOG = "step,loss,learning_rate,validation_loss\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LOG + "1,x,0.1,\n", "line 2: loss is 'x', and should be a number"),
        (LOG + "1,0.5,0.1,\n2,,0.1,\n", "line 3: loss is blank, and should be a number"),
        (LOG + "1,NA,0.1,\n", "line 2: loss is 'NA'"),
        (LOG + "1,nan,0.1,\n", "line 2: loss is 'nan'"),
        (LOG + '1,"0,5",0.1,\n', "line 2: loss is '0,5', and should be a number; a spreadsheet changed it"),
        (LOG + "1,0,5,0,1,\n", "line 2 has 6 cells, and its first line has 4"),
        (LOG + "1.0,0.5,0.1,\n", "line 2: step is '1.0', and should be a whole number"),
        (LOG + "1,0x1,0.1,\n", "line 2: loss is '0x1'"),
        (LOG + "1,1_0,0.1,\n", "line 2: loss is '1_0'"),
        (LOG.replace(",", ";") + "1;0,5;0,1;\n", "a spreadsheet changed it"),
        (LOG.replace(",", "\t") + "1\t0.5\t0.1\t\n", "a spreadsheet changed it"),
        ("step,step,loss\n1,1,1\n", "two columns 'step'"),
        (LOG + '1,"0.5,0.1,\n' * 9000, "this is no CSV"),
        ("", "this is no CSV"),
    ],
)
def test_what_is_no_number_is_named_by_its_line(tmp_path, text, message):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "log.csv", TRAINING_LOG)
    line = str(caught.value)
    assert message in line and len(line) < 300 and "\n" not in line, line


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_other_encodings_are_refused_as_a_spreadsheets(tmp_path, encoding):
    (tmp_path / "log.csv").write_text(LOG.replace("step", "ste\xfe") + "1,0.5,0.1,\n", encoding=encoding)
    for read in (read_text_table, lambda path: read_table(path, TRAINING_LOG)):
        with pytest.raises(DataError, match="a spreadsheet changed it"):
            read(tmp_path / "log.csv")


def test_a_byte_order_mark_and_windows_lines_are_taken(tmp_path):
    (tmp_path / "log.csv").write_bytes(b"\xef\xbb\xbf" + (LOG + "1,0.5,1e-4,\n\n").replace("\n", "\r\n").encode())
    table = read_table(tmp_path / "log.csv", TRAINING_LOG)
    assert table.step.tolist() == [1] and table.loss.tolist() == [0.5] and table.learning_rate.tolist() == [1e-4]


def splits(tmp_path, change):
    path = tmp_path / "splits.csv"
    path.write_bytes(change((ROOT / "data/splits.csv").read_text()).encode())
    return path


STRIPPED = "numbers lost their zeros: a spreadsheet changed it"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: re.sub(r",0+([0-9])", r",\1", text).replace("\n", "\r\n"), STRIPPED),
        (lambda text: re.sub(r",0+([0-9])", r",\1", text), STRIPPED),
        (lambda text: text.replace(",00000,00099,", ",0,99,", 1), STRIPPED),
        (lambda text: text.replace(",000001,000100,", ",1,100,", 1), STRIPPED),
        (lambda text: text.replace(",00000,00099,", ",0,00099,", 1), STRIPPED),
        (lambda text: text.replace(",", ";"), "a spreadsheet changed it"),
        (lambda text: text.replace(",00000,00099,", ",a,b,", 1), "a to b are no numbers"),
    ],
)
def test_case_38_a_list_that_a_spreadsheet_changed_is_refused(tmp_path, change, message):
    path = splits(tmp_path, change)
    with pytest.raises(DataError) as caught:
        for dataset in ("su", "nah", "real"):
            read_splits(path, dataset)
    assert message in str(caught.value), caught.value


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text,
                                    lambda text: text.replace("True", "TRUE")])  # fmt: skip
def test_case_38_a_list_with_other_line_ends_is_taken(tmp_path, change):
    for dataset in ("su", "nah", "real"):
        assert read_splits(splits(tmp_path, change), dataset) == read_splits(ROOT / "data/splits.csv", dataset)


def test_case_38_a_list_of_few_frames_is_compared_with_the_files(tmp_path):
    pair(tmp_path / "v/input", tmp_path / "v/GT", ["00000", "00001", "00002"])
    check = check_video(VideoJob("v", "test", ["0", "1", "2"], tmp_path / "v/input", tmp_path / "v/GT"))
    assert "a spreadsheet changed the list" in check.problems[0] and len(check.problems) == 1


def test_a_list_that_has_a_video_twice_is_refused(tmp_path):
    path = splits(tmp_path, lambda text: text + text.splitlines()[1] + "\n")
    with pytest.raises(DataError, match="720p_240fps_1 is listed twice"):
        read_splits(path, "su")


def test_case_38_curves_of_a_camera(tmp_path):
    video(tmp_path / "b.mkv", [np.full((48, 64, 3), v, np.uint8) for v in (255, 0, 0) * 2], "ffv1", "bgr0")
    rows = "".join(f"{b},{b / 255:.6f}\r\n" for b in range(256))
    (tmp_path / "crf.csv").write_bytes(b"\xef\xbb\xbfbyte,light\r\n" + rows.encode())
    (tmp_path / "de.csv").write_text("byte;light\n" + rows.replace(",", ";").replace(".", ","))

    def synthesize(name):
        how = ("--window", "3", "--stride", "3", "--crf", tmp_path / f"{name}.csv")
        return pvdbench_here("datasets", "synthesize", tmp_path / "b.mkv", "--out", tmp_path / name, *how)

    assert synthesize("crf").returncode == 0
    line = one_line(synthesize("de"))
    assert "de.csv" in line and "a spreadsheet changed it" in line and not (tmp_path / "de").exists()


def test_case_39_scores_read_back_keep_their_names(tmp_path):
    for side in ("truth", "null"):
        clip(tmp_path / side / "NA", ["007", "008"])
    score(tmp_path, estimate="null")
    table = pvdbench.read_scores(tmp_path / "s.csv")
    assert table[["method", "video", "frame"]].to_numpy().tolist() == [["null", "NA", "007"], ["null", "NA", "008"]]


def test_columns_with_capitals_or_spaces_are_named(tmp_path):
    (tmp_path / "log.csv").write_text(LOG.replace(",", ", ") + "1,0.5,0.1,\n")
    with pytest.raises(DataError, match="capitals or spaces around; name them step,loss,"):
        read_table(tmp_path / "log.csv", TRAINING_LOG)


def test_case_38_a_manifest_whose_videos_lost_their_zeros_is_refused(tmp_path):
    pair(tmp_path / "in/001/blur", tmp_path / "in/001/sharp", NAMES)
    assert pvdbench_here("datasets", "add", "own", tmp_path / "in", "--data", tmp_path / "d").returncode == 0
    path = tmp_path / "d/own/manifest.csv"
    path.write_text(re.sub(r"(?m)^001", "1", path.read_text()))
    with pytest.raises(DataError, match="line 2: its file has zeros that its name lost"):
        read_clips(tmp_path / "d/own", "test")


@pytest.mark.parametrize(
    ("video", "changed"),
    [("1e5", "1.00E+05"), ("20190101123456789", "2.01901E+16"), ("03-04", "04. Mrz"), ("03-04", "4-Mar"),
     ("2003-04", "Apr 03")],
)  # fmt: skip
@pytest.mark.parametrize("column", ["video", "frame"])
def test_names_that_a_spreadsheet_made_numbers_or_dates_are_refused(tmp_path, video, changed, column):
    """The table's file still has the name that a clip or frame had."""
    cells = {"video": video, "frame": "000"} if column == "video" else {"video": "v", "frame": video}
    file = f"test/{cells['video']}/input/{cells['frame']}.png"
    row = cells | {"split": "test", "blurry": file, "width": 64, "height": 48}
    path = tmp_path / "manifest.csv"
    write_table(path, pd.DataFrame([row], columns=list(MANIFEST)), MANIFEST)
    assert read_manifest(path)[column].tolist() == [video]
    write_table(path, pd.DataFrame([row | {column: changed}], columns=list(MANIFEST)), MANIFEST)
    with pytest.raises(DataError, match="line 2: its name is not its file's: a spreadsheet changed the table"):
        read_manifest(path)


def test_a_manifest_without_rows_is_one_line(tmp_path):
    (tmp_path / "manifest.csv").write_text(",".join(MANIFEST) + "\n")
    with pytest.raises(DataError, match="it lists no frame"):
        read_clips(tmp_path, "test")


def test_columns_without_a_name_are_a_spreadsheets(tmp_path):
    (tmp_path / "log.csv").write_text(LOG.replace("\n", ",,\n") + "1,0.5,0.1,,,\n")
    for read in (read_text_table, lambda path: read_table(path, TRAINING_LOG)):
        with pytest.raises(DataError, match="column 5 has no name; a spreadsheet changed it: remove empty columns"):
            read(tmp_path / "log.csv")


TEXTS = ("a,b\n1,NA\n\n,007\n", "a,b\n", "a,b", "a,b\nnull,-\n x ,\u00e9\n", "a,b\n1,2", "a,b\n,\n")


@pytest.mark.parametrize("text", TEXTS)
def test_a_table_without_quotes_reads_as_with_them(tmp_path, text):
    plain, quoted = tmp_path / "plain.csv", tmp_path / "quoted.csv"
    plain.write_text(text, encoding="utf-8")
    quoted.write_text(text.replace("a,b", '"a",b'), encoding="utf-8")
    pd.testing.assert_frame_equal(read_text_table(plain), read_text_table(quoted))
