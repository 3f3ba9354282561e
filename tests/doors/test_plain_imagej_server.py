"""A real plain ImageJ and the real server, also where one of them ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import frm_bridge
from frm_bridge.doors.callfolders import clear_call_folders
from frm_bridge.doors.runtimefile import VARIABLE, read_record
from frm_bridge.doors.starting import ask
from frm_bridge.imagej.jars import find_jars
from frm_bridge.imagej.java import check_java

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(
    shutil.which("xvfb-run") is None, reason="xvfb-run is not installed"
)
LONGEST_S = 90


def wait_until(true: Callable[[], object]) -> None:
    """Wait for a condition, and fail if it takes too long."""
    end = time.monotonic() + LONGEST_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def log_of(home: Path) -> str:
    log = home / "server.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def starts(home: Path) -> int:
    """How often a server has begun to serve."""
    return log_of(home).count(" serves at ")


@pytest.fixture
def stain(tmp_path: Path) -> Path:
    """Six nuclei, with the noise that the drift gate expects of a camera."""
    rows, columns = np.indices((96, 128))
    plane = np.random.default_rng(0).integers(0, 20, (96, 128), np.uint16)
    for number in range(6):
        y, x = 24 + 44 * (number // 3), 24 + 40 * (number % 3)
        plane[(rows - y) ** 2 + (columns - x) ** 2 <= (9 + number) ** 2] += 490
    path = tmp_path / "stain.tif"
    tifffile.imwrite(path, plane, imagej=True)
    return path


def test_a_macro_works_without_a_server_with_one_and_after_it_was_killed(
    run_macro: Callable[..., str],
    server_home: Path,
    stain: Path,
    blur: Path,
    tmp_path: Path,
) -> None:
    shutil.copy(blur, tmp_path / "blur.onnx")
    here = tmp_path.as_posix()
    round_of_all = f"""
        open("{stain.as_posix()}");
        run("FRM Predict", "model=[{here}/blur.onnx] device=cpu");
        print(getTitle(), nImages);
        run("FRM Nuclei", "blur_sigma_px=1");
        print(Table.size("Objects of Prediction of stain.tif"));
        run("FRM Compare", "truth=[stain.tif] prediction=[Prediction of stain.tif] "
            + "output_folder=[{here}/compared] overwrite=true");
        print(File.exists("{here}/compared/report.html"));
        close("*");
    """
    killed = f"""
        pid = exec("sh", "-c", "sed -n s/pid=//p {here}/home*/server.txt");
        exec("kill", "-9", String.trim(pid));
    """
    printed = run_macro(
        round_of_all
        + "print('--');"
        + round_of_all
        + "print('--');"
        + killed
        + round_of_all
    )
    rounds = [
        [line for line in part.splitlines() if not line.startswith("FRM")]
        for part in printed.split("--\n")
    ]
    assert rounds == [["Prediction of stain.tif 2", "6", "1"]] * 3
    assert "no server" not in printed
    assert starts(server_home) == 2
    assert not list(tmp_path.glob("frm*"))


def test_a_stack_comes_back_with_its_scale_place_and_order_and_its_image_stays(
    run_macro: Callable[..., str], tmp_path: Path, blur: Path
) -> None:
    pixels = np.arange(2 * 3 * 2 * 32 * 48, dtype=np.uint16).reshape(2, 3, 2, 32, 48)
    metadata = {"axes": "TZCYX", "unit": "nm", "spacing": 700, "finterval": 90.5}
    options = {"imagej": True, "resolution": (1 / 325, 1 / 325), "metadata": metadata}
    folder = tmp_path / "à b"
    folder.mkdir()
    tifffile.imwrite(folder / "films é [2].ome.tif", pixels, **options)
    shutil.copy(blur, folder / "blur.onnx")
    state = """
        s += getTitle() + " " + nImages + " " + is("changes") + " " + is("composite");
        getDimensions(width, height, channels, slices, frames);
        s += " " + width + " " + height + " " + channels + " " + slices + " " + frames;
        Stack.getPosition(channel, slice, frame);
        s += " " + channel + " " + slice + " " + frame + " " + Stack.isHyperstack;
        getVoxelSize(width, height, depth, unit);
        Stack.getUnits(x, y, z, t, value);
        s += " " + width + " " + height + " " + depth + " " + unit + " " + t;
        s += " " + Stack.getFrameInterval();
        x = 0; y = 0; z = 0; toScaled(x, y, z);
        s += " " + x + " " + y + " " + z;
        getMinAndMax(low, high);
        s += " " + low + " " + high + "\\n";
    """
    for batch in (False, True):
        run_macro(
            f"""
            s = "";
            folder = "{tmp_path.as_posix()}/";
            names = getFileList(folder);
            for (i = 0; i < names.length; i++)
                if (endsWith(names[i], " b/")) folder += names[i];
            setBatchMode({str(batch).lower()});
            files = getFileList(folder);
            for (i = 0; i < files.length; i++)
                if (endsWith(files[i], "].ome.tif")) open(folder + files[i]);
            title = getTitle();
            Stack.setPosition(2, 3, 1);
            setMinAndMax(7, 77);
            run("Properties...", "origin=4.5,0,0");
            setOption("Changes", false);
            makeRectangle(1, 2, 10, 12);
            {state}
            run("FRM Predict", "model=[" + folder + "blur.onnx] device=cpu "
                + "output_folder=[" + folder + "kept] overwrite=true");
            {state}
            selectImage(title);
            {state}
            getSelectionBounds(x, y, width, height);
            s += "" + x + " " + y + " " + width + " " + height;
            File.saveString(s, "{tmp_path.as_posix()}/said.txt");
            run("Quit");
            """,
            window=True,
        )
        before, result, after, selected = (tmp_path / "said.txt").read_text(
            encoding="utf-8"
        ).splitlines()  # fmt: skip
        expected = tifffile.imread(folder / "kept" / "films é [2].tif")
        title = "films é [2].ome.tif"
        scale = "1 325 325 700 nm sec 90.5 -1462.5 0 0"
        assert before == f"{title} 1 0 1 48 32 2 3 2 2 3 1 {scale} 7 77"
        *words, low, high = result.split(" ")
        assert (
            " ".join(words) == f"Prediction of {title} 2 0 0 48 32 1 3 2 1 3 1 {scale}"
        )
        outside = (expected < float(low)) | (expected > float(high))
        assert outside.mean() < 0.004
        assert float(high) - float(low) > 0.9 * np.ptp(expected)
        assert after == before.replace(f"{title} 1", f"{title} 2")
        assert selected == "1 2 10 12"
        assert expected.shape == (2, 3, 32, 48)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_names_come_through_in_any_encoding_of_java(
    encoding: str,
    monkeypatch: pytest.MonkeyPatch,
    run_macro: Callable[..., str],
    stain: Path,
    blur: Path,
    tmp_path: Path,
) -> None:
    shutil.copy(blur, tmp_path / "blur.onnx")
    if encoding != "UTF-8":  # then Java would not know a home with an accent
        monkeypatch.setenv(VARIABLE, str(tmp_path / "plain"))
    printed = run_macro(
        f"""
        folder = "{tmp_path.as_posix()}/" + fromCharCode(26085, 26412) + " = µ";
        open("{stain.as_posix()}");
        rename("st" + fromCharCode(228) + "in: " + fromCharCode(955) + ".tif");
        run("FRM Predict", "model=[{tmp_path.as_posix()}/blur.onnx] device=cpu "
            + "output_folder=[" + folder + "]");
        print(nImages);
        """,
        f"-Dfile.encoding={encoding}",
    )
    assert "no server" not in printed
    assert printed.splitlines()[-1] == "2"
    assert (tmp_path / "日本 = µ" / "stäin_ λ.tif").is_file()


def test_an_old_name_of_a_key_is_the_new_one(
    run_macro: Callable[..., str], stain: Path, blur: Path, tmp_path: Path
) -> None:
    shutil.copy(blur, tmp_path / "blur.onnx")
    printed = run_macro(
        f"""
        open("{stain.as_posix()}");
        options = "model=[{tmp_path.as_posix()}/blur.onnx] device=cpu ";
        names = newArray("", "window=0", "window=64", "tile=64", "tile=64 window=0");
        for (i = 0; i < names.length; i++) {{
            selectImage("stain.tif");
            run("FRM Predict", options + names[i]);
        }}
        """
    )
    windows = [line.split(": ")[2].split()[0] for line in printed.splitlines()]
    assert windows == ["1", "1", windows[2], windows[2], "1"]
    assert int(windows[2]) > 1


def test_a_palette_is_no_scale_of_grey_and_a_hue_is_one(
    run_macro: Callable[..., str], blur: Path, tmp_path: Path
) -> None:
    shutil.copy(blur, tmp_path / "blur.onnx")
    tables = ("Green", "Grays", "Invert LUT", "3-3-2 RGB")
    lines = [
        f"""
        newImage("{table}", "8-bit ramp", 64, 48, 1);
        run("{table}");
        run("FRM Predict", "model=[{tmp_path.as_posix()}/blur.onnx] device=cpu");
        print(getTitle());
        """
        for table in tables
    ]
    printed = run_macro("".join(lines)).splitlines()
    titles = [line for line in printed if line.startswith("Prediction of ")]
    assert titles == [f"Prediction of {table}" for table in tables[:3]]
    assert "FRM Predict: 3-3-2 RGB has a palette of colours" in printed
    assert sum(line.endswith("Lookup Tables > Grays first") for line in printed) == 1


def test_what_cannot_be_done_is_said_with_its_fix_and_the_macro_goes_on(
    run_macro: Callable[..., str], stain: Path, tmp_path: Path
) -> None:
    here = tmp_path.as_posix()
    printed = run_macro(
        f"""
        run("FRM Predict", "model=none");
        open("{stain.as_posix()}");
        run("FRM Predict", "model=none");
        run("FRM Predict", "model=[{here}/gone.onnx]");
        run("FRM Predict", "window=many");
        run("FRM Predict", "output_folder=[{here}] overwrite=true");
        run("RGB Color");
        run("FRM Predict", "model=none");
        print("goes on", nImages);
        """
    )
    lines = printed.splitlines()
    unknown = "is neither a file nor the name of a model (nuclei-brightfield)"
    assert [line for line in lines if line.startswith("FRM Predict")] == [
        "FRM Predict needs an open image",
        f"FRM Predict: none {unknown}",
        f"FRM Predict: {here}/gone.onnx {unknown}",
        "FRM Predict: the request cannot be used: window is 'many'; expected a whole "
        "number",
        f"FRM Predict: the prediction would be written over the image {stain}",
        "FRM Predict: stain.tif is a colour image",
    ]
    assert sum(line.startswith("fix: ") for line in lines) == 6
    assert lines[-1] == "goes on 1"
    assert not list(tmp_path.glob("frm*"))


def test_a_key_that_a_command_has_not_is_refused_with_those_it_has(
    run_macro: Callable[..., str], stain: Path
) -> None:
    printed = run_macro(
        f"""
        open("{stain.as_posix()}");
        run("FRM Predict", "model=[a [b] devise=no] devise=cpu");
        run("FRM Nuclei", "watershed blur_sigma=2");
        run("FRM Split", "input=[a b] targets=[c d]");
        print("goes on", nImages);
        """
    )
    keys = "output_folder, model, device, window, require_gpu, match_scale, "
    keys += "match_intensity, force, overwrite"
    lines = printed.splitlines()
    assert lines[:3] == [
        "FRM Predict has no key devise",
        f"fix: write one of image_path, {keys}, tile",
        "(E_REQUEST)",
    ]
    assert lines[3] == "FRM Nuclei has no key blur_sigma"
    assert lines[6] == "FRM Split has no key targets"
    assert lines[9:] == ["goes on 1"]


def test_the_folder_of_a_call_is_its_users_alone_and_names_its_imagej(
    run_macro: Callable[..., str], stain: Path, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    program.write_text(
        '#!/bin/sh\nfor file; do folder=$(dirname "$file"); done\n'
        'echo "ERR E_X $(stat -c %a "$folder") $(cat "$folder/owner.txt") $PPID | x"\n'
    )
    program.chmod(0o755)
    printed = run_macro(
        f'open("{stain.as_posix()}"); run("FRM Predict", "device=cpu");',
        FRM_SERVER="off",
        FRM_PYTHON=str(program),
    )
    found = re.search(r"FRM Predict: 700 (\d+)@(\S+) (\d+)\n", printed)
    assert found is not None, printed
    assert found[1] == found[3]
    assert found[2] == os.uname().nodename


LONG = """
    newImage("long", "16-bit ramp", 512, 512, 60);
    run("FRM Predict", "device=cpu window=128 output_folder=[{folder}/kept]");
    print("goes on", nImages);
"""


def running(home: Path) -> bool:
    """Whether a job has done some windows and not all.

    NB: that it has begun does not say that ImageJ has heard the answer to its request.
    """
    job, record = re.search(r" (\S+): predict begins", log_of(home)), read_record()
    if job is None or record is None:
        return False
    status = ask(record, "/status", {"job": job[1]})
    assert status["state"] != "done", status
    return bool(status["done"] >= 3)


def test_a_server_killed_in_the_middle_is_told_at_once_and_the_next_call_works(
    start_macro: Callable[..., subprocess.Popen[str]],
    server_home: Path,
    tmp_path: Path,
) -> None:
    process = start_macro(
        LONG.format(folder=tmp_path.as_posix())
        + """
        newImage("short", "16-bit ramp", 64, 64, 1);
        run("FRM Predict", "device=cpu");
        print(getTitle());
        """
    )
    wait_until(lambda: running(server_home))
    record = read_record()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    lines = process.communicate(timeout=LONGEST_S)[0].splitlines()
    assert lines[:4] == [
        "FRM Predict: the server ended in the middle of the work",
        "fix: choose the command again",
        "(E_SERVER_GONE)",
        "goes on 1",
    ]
    assert lines[-1] == "Prediction of short"
    assert not list(tmp_path.glob("kept/*.tif"))
    assert not list(tmp_path.glob("frm*"))
    assert starts(server_home) == 2


def test_a_macro_that_ends_in_the_middle_has_its_job_cancelled(
    start_macro: Callable[..., subprocess.Popen[str]],
    server_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = start_macro(LONG.format(folder=tmp_path.as_posix()))
    wait_until(lambda: running(server_home))
    os.killpg(process.pid, signal.SIGKILL)
    wait_until(lambda: "E_CANCELLED" in log_of(server_home))
    assert "nobody asked after it for 10 s" in log_of(server_home)
    assert not list(tmp_path.glob("kept/*"))
    assert len(list(tmp_path.glob("frm*/of/long.tif"))) == 1
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    clear_call_folders()
    assert not list(tmp_path.glob("frm*"))


@pytest.mark.slow
def test_escape_ends_the_macro_then_the_job_and_the_next_call_tidies_up(
    imagej: Path, server_home: Path, tmp_path: Path
) -> None:
    session = Path(__file__).with_name("escape_session.py")
    java = [str(check_java().home / "bin" / "java"), f"-Dplugins.dir={imagej}"]
    java += [f"-Duser.home={tmp_path}", f"-Djava.io.tmpdir={tmp_path}"]
    java += ["-cp", os.pathsep.join(map(str, find_jars())), "org.python.util.jython"]
    words = [str(session), str(server_home / "server.log"), str(tmp_path / "said.txt")]
    done = subprocess.run(
        ["xvfb-run", "-a", *java, *words],
        env=os.environ | {"PYTHONPATH": str(Path(frm_bridge.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=2 * LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = (tmp_path / "said.txt").read_text().splitlines()
    assert said == ["1 left", "long", "0 left"]
    assert "nobody asked after it for 10 s" in log_of(server_home)


def test_without_a_server_python_is_started_for_each_call_and_the_log_says_so(
    run_macro: Callable[..., str], server_home: Path, stain: Path, tmp_path: Path
) -> None:
    macro = f"""
        open("{stain.as_posix()}");
        run("FRM Predict", "device=cpu");
        print(getTitle());
    """
    (tmp_path / "file").write_text("where a folder is wanted")
    refused = run_macro(macro, FRM_BRIDGE_HOME=str(tmp_path / "file" / "home"))
    assert refused.startswith("FRM: no server (ERR E_HOME ")
    assert "; Python is started for this call\n" in refused
    assert refused.splitlines()[-1] == "Prediction of stain.tif"
    unwanted = run_macro(macro, FRM_SERVER="off")
    assert "no server" not in unwanted
    assert unwanted.splitlines()[-1] == "Prediction of stain.tif"
    assert run_macro(macro, "-Dfrm_bridge.server=off").count("\n") == (
        unwanted.count("\n")
    )
    assert not (server_home / "server.log").exists()


def test_two_imagejs_at_once_share_one_server(
    start_macro: Callable[..., subprocess.Popen[str]],
    server_home: Path,
    stain: Path,
) -> None:
    macro = f"""
        open("{stain.as_posix()}");
        for (i = 0; i < 5; i++) {{
            selectImage("stain.tif");
            run("FRM Predict", "device=cpu");
            print(getTitle());
            close();
        }}
    """
    both = [start_macro(macro) for _ in range(2)]
    for process in both:
        lines = process.communicate(timeout=LONGEST_S)[0].splitlines()
        titles = [line for line in lines if not line.startswith("FRM")]
        assert titles == ["Prediction of stain.tif"] * 5
    assert starts(server_home) == 1
    clients = {
        line.split()[2].split("-")[0]
        for line in log_of(server_home).splitlines()
        if "begins" in line
    }
    assert len(clients) == 2


def test_a_server_of_another_version_is_used_with_a_warning(
    run_macro: Callable[..., str], imagej: Path, server_home: Path, stain: Path
) -> None:
    record = imagej / "plugins" / "FRM" / "frm.txt"
    installed = record.read_text()
    record.write_text(installed.replace("\nversion=", "\nversion=9."))
    try:
        printed = run_macro(
            f"""
            open("{stain.as_posix()}");
            run("FRM Predict", "device=cpu");
            run("FRM Predict", "device=cpu");
            """
        )
    finally:
        record.write_text(installed)
    assert printed.count("; run frm-bridge install-fiji FOLDER again\n") == 1
    assert printed.count("FRM Predict: nuclei-brightfield on ") == 2
    assert starts(server_home) == 1
