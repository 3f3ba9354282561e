"""What a comparison does to the folder that it is written into."""

import pytest

from frm_bridge.comparison.folder import check_folder, fresh_folder
from frm_bridge.errors import OutputError


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write(folder, text):
    """Leave what a comparison of one field leaves."""
    run = folder / "fields" / "a" / "truth"
    run.mkdir(parents=True)
    (run / "labels.tif").write_text(text)
    outputs = '{"outputs": {"labels": "labels.tif"}, "text": "' + text + '"}'
    (run / "result.json").write_text(outputs)
    (folder / "report.html").write_text(text)
    record = (
        '{"fields": [{"folder": "fields/a", "runs": ["truth"]}], "text": "'
        + text
        + '"}'
    )
    (folder / "comparison.json").write_text(record)


@pytest.fixture
def earlier(tmp_path):
    folder = tmp_path / "out"
    write(folder, "earlier")
    (folder / "notes.txt").write_text("mine")
    return folder


def test_a_comparison_that_fails_gives_the_earlier_one_back(earlier):
    before = files(earlier)

    def work():
        with fresh_folder(earlier, [], overwrite=True):
            write(earlier, "half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert files(earlier) == before


def test_a_comparison_that_succeeds_replaces_the_earlier_one_alone(earlier):
    with fresh_folder(earlier, [], overwrite=True):
        assert set(files(earlier)) - {"notes.txt"} == {
            name for name in files(earlier) if ".earlier" in name
        }
        write(earlier, "new")
    after = files(earlier)
    assert after.pop("notes.txt") == "mine"
    assert all("new" in text for text in after.values())
    assert len(after) == 4


def test_a_first_comparison_that_fails_leaves_no_folder(tmp_path):
    def work():
        with fresh_folder(tmp_path / "new", [], overwrite=False):
            write(tmp_path / "new", "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["fields", "fields/a", "fields/a/truth"])
@pytest.mark.parametrize("with_record", [True, False])
def test_a_folder_of_the_users_own_is_never_cleared(earlier, with_record, place):
    (earlier / place / "raw.png").write_text("a day at the microscope")
    if not with_record:
        (earlier / "comparison.json").unlink()
    before = files(earlier)
    with pytest.raises(OutputError, match="which no comparison wrote") as caught:
        check_folder(earlier, overwrite=True)
    assert caught.value.code == "E_OUTPUT_EXISTS"
    assert files(earlier) == before


def test_a_table_of_the_users_own_is_not_replaced(tmp_path):
    (tmp_path / "objects.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"objects\.csv, which no comparison wrote"):
        check_folder(tmp_path, overwrite=True)


def test_what_a_killed_comparison_had_put_aside_is_given_back(earlier):
    before = files(earlier)
    aside = earlier / ".1234abcd.earlier"
    aside.mkdir()
    for name in ("comparison.json", "report.html", "fields"):
        (earlier / name).rename(aside / name)
    (earlier / "fields" / "half").mkdir(parents=True)
    with (
        pytest.raises(OutputError, match="exists already"),
        fresh_folder(earlier, [], overwrite=False),
    ):
        pass
    assert files(earlier) == before
