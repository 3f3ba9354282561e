"""Packages from strangers: unpacked safely, or refused with nothing left behind."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import stat
import struct
import subprocess
import sys
import unicodedata
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from frm_bridge.errors import ModelError
from frm_bridge.models import packagefolder, ziptable
from frm_bridge.models.archive import is_package, open_model_file, open_package
from frm_bridge.models.arrayfile import read_array
from frm_bridge.models.packagefolder import package_file
from frm_bridge.models.rdf import MAX_BYTES, read_rdf

if TYPE_CHECKING:
    from collections.abc import Callable

    Files = dict[str, bytes]

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def refused(path: Path, code: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        open_model_file(path)
    assert caught.value.code == code, caught.value
    assert caught.value.fix
    return caught.value


@pytest.fixture
def refuse(
    home: Path, tmp_path: Path, listing: Callable[[Path], dict[str, str]]
) -> Callable[..., ModelError]:
    """Refuse a package with a code; nothing is left of the attempt anywhere."""

    def attempt(path: Path, code: str) -> ModelError:
        before = listing(tmp_path)
        error = refused(path, code)
        assert listing(tmp_path) == before
        assert list(home.iterdir()) == []
        return error

    return attempt


def test_a_zip_is_unpacked_under_the_hash_of_its_bytes(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    files = contents()
    path = zipped({**files, "sample/é µ.npy": array_bytes(np.zeros(3))})
    folder = open_package(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert folder == home / "packages" / digest
    assert (folder / "weights.onnx").read_bytes() == files["weights.onnx"]
    assert (folder / "sample" / "é µ.npy").is_file()
    assert os.listdir(home / "packages") == [digest]
    assert open_model_file(path) == folder / "weights.onnx"


@posix
def test_what_is_unpacked_is_for_its_user_alone(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    before = os.umask(0)
    try:
        folder = open_package(zipped({**contents(), "a/b/c.txt": b""}))
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {0o700, 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_is_checked_where_it_lies(
    home: Path, tmp_path: Path, contents: Callable[..., Files]
) -> None:
    write(tmp_path / "package", contents())
    assert open_package(tmp_path / "package") == tmp_path / "package"
    assert open_model_file(tmp_path / "package").name == "weights.onnx"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "meddle",
    [
        lambda folder: (folder / "weights.onnx").write_bytes(b"other"),
        lambda folder: (folder / "weights.onnx").unlink(),
        lambda folder: (folder / "added.txt").touch(),
        lambda folder: (folder / "rdf.yaml").write_bytes(
            (folder / "rdf.yaml").read_bytes() + b"\n"
        ),
        lambda folder: flip(folder / "weights.onnx", 100),
        lambda folder: (folder / "link").symlink_to("/"),
    ],
)
def test_what_was_unpacked_and_meddled_with_is_unpacked_again(
    meddle: Callable[[Path], None],
    home: Path,
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
    listing: Callable[[Path], dict[str, str]],
) -> None:
    path = zipped(contents())
    folder = open_package(path)
    before = listing(home)
    meddle(folder)
    assert listing(home) != before
    assert open_package(path) == folder
    assert listing(home) == before


def test_processes_that_unpack_one_zip_at_a_time_all_get_it(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    many = {f"{number}.bin": bytes([number]) * 50_000 for number in range(100)}
    path = zipped({**contents(), **many})
    code = (
        "import sys, pathlib\nfrom frm_bridge.models.archive import open_model_file\n"
        "sys.stdin.readline()\nprint(open_model_file(pathlib.Path(sys.argv[1])))"
    )
    package = str(Path(packagefolder.__file__).parents[2])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": package, "PYTHONIOENCODING": "utf-8"},
        )
        for _ in range(4)
    ]
    said = []
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        said.append(process.communicate(timeout=90)[0].strip())
        assert process.returncode == 0
    assert set(said) == {str(open_package(path) / "weights.onnx")}
    assert len(os.listdir(home / "packages")) == 1


NAMES = [
    "../evil.txt",
    "a/../../evil.txt",
    "a/./b",
    "/etc/evil",
    "//server/evil",
    "a//b",
    "a\\b",
    "..\\evil",
    "C:evil",
    "C:/evil",
    "weights.onnx:stream",
    "NUL",
    "con.txt",
    "a/aux",
    "trailing. ",
    "trailing.",
    " leading",
    "a\x07b",
    "a\u202etxt.exe",
    "a/" * 9 + "b",
    "n" * 201,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_or_is_another_elsewhere_is_refused(
    name: str,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    refuse(zipped({**contents(), name: b"x"}), "E_PACKAGE_NAME")


@pytest.mark.parametrize(
    "names",
    [
        ("a.txt", "A.TXT"),
        ("é.txt", unicodedata.normalize("NFD", "é.txt")),
        ("straße", "STRASSE"),
        ("ﬁ", "fi"),
        ("a.txt", "a.txt"),
        ("a", "a/b"),
        ("A", "a/b"),
        ("a", "a/"),
    ],
)
def test_two_names_of_one_file_are_refused(
    names: tuple[str, str],
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in [*contents().items(), *((name, b"") for name in names)]:
            archive.writestr(name, content)
    refuse(path, "E_PACKAGE_NAME")


def test_a_name_that_ends_for_some_at_its_zero_is_refused(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped({**contents(), "harmless.txtX.exe": b""})
    path.write_bytes(path.read_bytes().replace(b"txtX.exe", b"txt\0.exe"))
    refuse(path, "E_PACKAGE_NAME")


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_a_link_or_a_special_file_in_a_zip_is_refused(
    kind: int,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped(contents())
    with zipfile.ZipFile(path, "a") as archive:
        member = zipfile.ZipInfo("test.npy")
        member.external_attr = (kind | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    refuse(path, "E_PACKAGE_LINK")


@posix
@pytest.mark.parametrize(
    "place",
    [
        lambda folder: (folder / "to").symlink_to("/etc/passwd"),
        lambda folder: (folder / "to").symlink_to(folder.parent),
        lambda folder: (folder / "to").symlink_to("rdf.yaml"),
        lambda folder: os.mkfifo(folder / "to"),
    ],
)
def test_a_link_or_a_special_file_in_a_folder_is_refused(
    place: Callable[[Path], None],
    home: Path,
    tmp_path: Path,
    contents: Callable[..., Files],
) -> None:
    write(tmp_path / "package", contents())
    place(tmp_path / "package")
    assert "to is a link" in refused(tmp_path / "package", "E_PACKAGE_LINK").message


@posix
def test_a_description_that_is_a_link_makes_no_package(tmp_path: Path) -> None:
    (tmp_path / "rdf.yaml").symlink_to("/etc/passwd")
    assert not is_package(tmp_path)


def table_entry(path: Path, name: bytes) -> int:
    """Find a file's entry in the table at the end."""
    return path.read_bytes().rindex(name) - 46


def patched(path: Path, at: int, form: str, value: int) -> Path:
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, at, value)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [257 << 20, 3 << 30])
def test_a_file_that_claims_to_be_huge_is_refused_before_it_is_unpacked(
    size: int,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped(contents())
    entry = table_entry(path, b"weights.onnx")
    refuse(patched(path, entry + 24, "<L", size), "E_PACKAGE_SIZE")


def test_a_small_zip_of_much_nothing_is_refused(
    refuse: Callable[..., ModelError], contents: Callable[..., Files], tmp_path: Path
) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
        for number in range(5):
            archive.writestr(f"{number}.bin", bytes(60 << 20))
    assert path.stat().st_size < 1 << 20
    refuse(path, "E_PACKAGE_SIZE")


@pytest.mark.parametrize("offset", [24, 20, 16])
def test_a_file_of_another_length_or_content_than_the_table_says_is_refused(
    offset: int,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    """In turn: the length, the length as compressed, the checksum."""
    path = zipped(contents())
    entry = table_entry(path, b"weights.onnx")
    for value in (1, 100):
        refuse(patched(path, entry + offset, "<L", value), "E_PACKAGE_FORMAT")


def test_files_that_share_their_bytes_are_refused(
    refuse: Callable[..., ModelError], contents: Callable[..., Files], tmp_path: Path
) -> None:
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
        again = copy.copy(archive.getinfo("weights.onnx"))
        again.filename = "again.onnx"
        archive.filelist.append(again)
        archive.NameToInfo["again.onnx"] = again
        archive.writestr("last.txt", b"")
    error = refuse(path, "E_PACKAGE_FORMAT")
    assert "shares its bytes" in error.message


def test_too_many_files_are_refused(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    many = {f"{number}.txt": b"" for number in range(1000)}
    refuse(zipped({**contents(), **many}), "E_PACKAGE_SIZE")


def test_a_folder_of_too_many_files_or_bytes_is_refused(
    home: Path,
    tmp_path: Path,
    contents: Callable[..., Files],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path / "package", contents())
    monkeypatch.setattr(packagefolder, "MAX_FILES", 1)
    refused(tmp_path / "package", "E_PACKAGE_SIZE")
    monkeypatch.setattr(packagefolder, "MAX_FILES", 10)
    monkeypatch.setattr(packagefolder, "MAX_BYTES", 100)
    refused(tmp_path / "package", "E_PACKAGE_SIZE")


def test_a_zip_within_stays_closed(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    inner = zipped({"../evil": b"x"}, "inner.zip").read_bytes()
    folder = open_package(zipped({**contents(), "inner.zip": inner}))
    assert (folder / "inner.zip").read_bytes() == inner
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused(
    method: int,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
    refuse(path, "E_PACKAGE_FORMAT")


def test_a_password_is_refused(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped(contents())
    entry = table_entry(path, b"weights.onnx")
    refuse(patched(path, entry + 8, "<H", 1), "E_PACKAGE_FORMAT")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"",
        lambda content: b"PK\3\4",
        lambda content: b"text, and no zip at all, however long it may be",
        lambda content: b"#!/bin/sh\n" + content,
        lambda content: content + b"\0",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-2] + b"\5\0hello",
        lambda content: content[:-2] + b"\5\0",
        lambda content: content[:-22] + b"PK\6\7" + bytes(16) + content[-22:],
        lambda content: content[:-6] + b"\xff\xff\xff\x7f" + content[-2:],
        lambda content: content[:-10] + b"\xff\xff\xff\x7f" + content[-6:],
        lambda content: content[:-12] + b"\xff\xff\xff\x7f" + content[-8:],
    ],
)
def test_what_is_no_plain_zip_is_refused(
    change: Callable[[bytes], bytes],
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped(contents())
    path.write_bytes(change(path.read_bytes()))
    refuse(path, "E_PACKAGE_FORMAT")


def test_a_table_that_claims_fewer_files_than_it_has_is_refused(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped(contents() | {f"{number}.txt": b"" for number in range(1500)})
    for at in (8, 10):
        patched(path, path.stat().st_size - 22 + at, "<H", 1)
    refuse(path, "E_PACKAGE_SIZE")


def test_a_program_that_is_a_zip_too_is_refused(
    refuse: Callable[..., ModelError], contents: Callable[..., Files], tmp_path: Path
) -> None:
    path = tmp_path / "program.zip"
    path.write_bytes(b"#!/bin/sh\n")
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
    refuse(path, "E_PACKAGE_FORMAT")


def test_the_mark_of_another_end_record_is_refused(
    refuse: Callable[..., ModelError], contents: Callable[..., Files], tmp_path: Path
) -> None:
    path = tmp_path / "two ends.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
        archive.infolist()[-1].comment = b"PK\6\7" + bytes(16)
    refuse(path, "E_PACKAGE_FORMAT")


def test_a_flipped_byte_anywhere_gives_an_error_or_the_same_files(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    """Times and versions in the table are nothing; whatever matters is noticed."""
    files = contents()
    path = zipped(files)
    whole, codes = path.read_bytes(), set()
    for at in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[at] ^= 0x21
        path.write_bytes(flipped)
        try:
            folder = open_package(path)
        except ModelError as error:
            codes.add(error.code[:10])
            continue
        read = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert read == files, at
    assert codes == {"E_PACKAGE_"}


def test_a_package_within_a_folder_of_the_zip_is_explained(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    inner = {f"package/{name}": content for name, content in contents().items()}
    error = refuse(zipped(inner), "E_PACKAGE_DESCRIPTION")
    assert "not the folder" in error.fix


def test_a_package_that_is_missing_is_told(home: Path, tmp_path: Path) -> None:
    refused(tmp_path / "none.zip", "E_MODEL_MISSING")


def test_a_full_disk_is_told_before_anything_is_written(
    home: Path,
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="E_DISK_FULL"):
        open_package(zipped(contents()))
    assert list(home.iterdir()) == []


LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: " + "[" * 5000 + "]" * 5000,
        "a: " + "{b: " * 60 + "1" + "}" * 60,
        "type: model\n#" + "-" * MAX_BYTES,
        "a: [" + "1," * 31_000 + "]",
        "!!python/object/apply:os.system ['touch evil']",
        "a: !!python/name:os.system",
        "a: !new {b: 1}",
        "- only\n- a list",
        "",
        "a: [",
        "a: 1\n--- \nb: 2",
        "a: 2024-99-99",
        "? [1]\n: 2",
        "a: " + "9" * 5000,
    ],
)
def test_a_description_that_would_run_or_blow_up_is_refused(
    text: str,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    path = zipped({**contents(), "rdf.yaml": text.encode()})
    refuse(path, "E_PACKAGE_DESCRIPTION")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x00", b"\x80abc"])
def test_a_description_that_is_no_text_is_refused(
    content: bytes, home: Path, tmp_path: Path
) -> None:
    write(tmp_path / "package", {"rdf.yaml": content})
    refused(tmp_path / "package", "E_PACKAGE_DESCRIPTION")


def test_a_few_aliases_are_plain_values(tmp_path: Path) -> None:
    (tmp_path / "bioimageio.yaml").write_text("a: &a [y, x]\nb: *a\nc: {d: *a}")
    assert read_rdf(tmp_path)["c"] == {"d": ["y", "x"]}


def test_a_file_that_is_not_the_declared_one_is_refused(
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    error = refuse(zipped(contents(sha256="0" * 64)), "E_PACKAGE_HASH")
    assert "weights.onnx" in error.message


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_the_hashes_of_all_declared_files_are_checked(
    part: str, home: Path, tmp_path: Path, contents: Callable[..., Files]
) -> None:
    files = {**contents(), "test.npy": array_bytes(np.zeros(3))}
    digest = hashlib.sha256(files["test.npy"]).hexdigest()
    tensor = f"{part}: [{{test_tensor: {{source: test.npy, sha256: {digest}}}}}]\n"
    files["rdf.yaml"] += tensor.encode()
    write(tmp_path / "package", files)
    open_package(tmp_path / "package")
    files["test.npy"] = array_bytes(np.ones(3))
    write(tmp_path / "package", files)
    refused(tmp_path / "package", "E_PACKAGE_HASH")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("absent.onnx", "E_PACKAGE_FILE"),
        ("../outside.onnx", "E_PACKAGE_NAME"),
        ("/etc/passwd", "E_PACKAGE_NAME"),
        ("C:\\model.onnx", "E_PACKAGE_NAME"),
        ("https://example.org/model.onnx", "E_PACKAGE_NAME"),
        (7, "E_PACKAGE_WEIGHTS"),
    ],
)
def test_weights_that_are_elsewhere_are_refused(
    source: object,
    code: str,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
    tmp_path: Path,
) -> None:
    (tmp_path / "outside.onnx").write_bytes(contents()["weights.onnx"])
    path = zipped(contents(source=source))
    if code == "E_PACKAGE_WEIGHTS":  # the package may be a good one for others
        assert open_package(path)
        refused(path, code)
    else:
        with pytest.raises(ModelError) as caught:
            open_model_file(path)
        assert caught.value.code == code


def test_a_package_without_onnx_names_what_it_has(
    home: Path, tmp_path: Path, contents: Callable[..., Files]
) -> None:
    description = b"weights: {torchscript: {source: weights.onnx}}"
    write(tmp_path / "package", {**contents(), "rdf.yaml": description})
    error = refused(tmp_path / "package", "E_PACKAGE_WEIGHTS")
    assert "it has torchscript" in error.message


def array_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def with_header(text: str) -> bytes:
    text += " " * (-len(text) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + bytes(24)


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}, }}"


@pytest.mark.parametrize(
    "content",
    [
        array_bytes(np.array([{"a": 1}], dtype=object)),
        array_bytes(np.array(["text"])),
        array_bytes(np.zeros(2, [("a", "f4")])),
        array_bytes(np.zeros(2, complex)),
        with_header(HEADER.format("'<f4'", "(1000000, 1000000)")),
        with_header(HEADER.format("'<f4'", "(7,)")),
        with_header(HEADER.format("'<f4'", "(-6,)")),
        with_header(HEADER.format("'<f4'", "(-2, -3)")),
        with_header(HEADER.format("'O'", "(3,)")),
        with_header(HEADER.format("__import__('os').system('touch evil')", "(3,)")),
        with_header(HEADER.format("'<f4'", "(6,)") + "#" * 20_000),
        with_header("(" * 500 + ")" * 500),
        with_header("{'descr'"),
        b"\x93NUMPY\7\0abc",
        b"\x93NUMPY\1\0",
        b"",
        b"no array",
    ],
)
def test_an_array_that_runs_code_or_is_not_as_it_claims_is_refused(
    content: bytes,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    refuse(zipped({**contents(), "test.npy": content}), "E_PACKAGE_ARRAY")


def test_an_array_of_numbers_is_read(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    for order in (array, np.asfortranarray(array)):
        np.save(tmp_path / "a.npy", order)
        assert (read_array(tmp_path / "a.npy") == array).all()


def png_header(width: int, height: int) -> bytes:
    size = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for chunk in (b"IHDR" + size, b"IDAT" + zlib.compress(b"")):
        png += struct.pack(">L", len(chunk) - 4) + chunk
        png += struct.pack(">L", zlib.crc32(chunk))
    return png


@pytest.mark.parametrize("side", [8000, 12_000, 60_000])
def test_a_picture_that_claims_to_be_huge_is_refused(
    side: int,
    refuse: Callable[..., ModelError],
    contents: Callable[..., Files],
    zipped: Callable[..., Path],
) -> None:
    files = {**contents(), "cover.png": png_header(side, side)}
    refuse(zipped(files), "E_PACKAGE_PICTURE")


def test_a_picture_of_usual_size_and_a_broken_one_are_left_alone(
    home: Path, contents: Callable[..., Files], zipped: Callable[..., Path]
) -> None:
    pictures = {"cover.png": png_header(800, 400), "b.jpg": b"nothing"}
    open_package(zipped({**contents(), **pictures}))


@pytest.mark.parametrize("source", ["./weights.onnx", "weights.onnx"])
def test_a_file_of_a_package_is_found_by_its_declared_name(
    source: str, tmp_path: Path
) -> None:
    (tmp_path / "weights.onnx").touch()
    assert package_file(tmp_path, source) == tmp_path / "weights.onnx"


def write(folder: Path, files: Files) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_the_limits_leave_room_for_a_model_of_any_usual_size() -> None:
    assert ziptable.FREE_SIZE > 20 * 7_800_000
