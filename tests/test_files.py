from __future__ import annotations

import os
from pathlib import Path

import pytest

from lyricgen import files
from lyricgen.errors import FileError


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def fail() -> None:
        with files.replacing(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    first, second = files.locked(tmp_path / "new"), files.locked(tmp_path / "new")
    with first, pytest.raises(FileError, match="another training"), second:
        pass
    with files.locked(tmp_path / "new"):
        assert os.listdir(tmp_path / "new") == []
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"), files.locked(tmp_path / "file"):
        pass


def test_nothing_but_a_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "song").write_text("song")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "device").symlink_to("/dev/null")
    for name in ("pipe", "device"):
        with pytest.raises(FileError, match=f"{name}: is a device or a pipe"):
            files.check_new(tmp_path / name, force=True)
    for name in ("song", "link"):
        with pytest.raises(FileError, match=f"{name}: exists already"):
            files.check_new(tmp_path / name, force=False)
        files.check_new(tmp_path / name, force=True)
    with pytest.raises(FileError, match=r"song.new: cannot be written: Not a directory"):
        files.product(tmp_path / "song" / "new", force=False).__enter__()


def test_a_temporary_file_is_never_one_that_was_there(tmp_path: Path) -> None:
    """A link that waits under its name is not followed, and what a user calls .x.part is his."""
    (tmp_path / "victim").write_text("victim")
    (tmp_path / ".x.part").symlink_to("victim")
    names = set()
    for _ in range(3):
        with files.replacing(tmp_path / "x") as file:
            names |= set(os.listdir(tmp_path)) - {"x", "victim", ".x.part"}
            file.write(b"new")
    assert len(names) == 3
    assert (tmp_path / "victim").read_text() == "victim"
    assert (tmp_path / ".x.part").is_symlink()
    with files.replacing(tmp_path / ("很" * 85)) as file:  # the longest name that there is
        file.write(b"new")


def test_who_holds_a_folder_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    mine = [".last.safetensors.0123456789abcdef.part", ".log.jsonl.0123456789abcdef.part"]
    theirs = [".x.part", ".model.onnx.0123456789abcdef.part", ".last.safetensors.part"]
    for name in mine + theirs:
        (tmp_path / name).touch()
    with files.locked(tmp_path):
        assert sorted(os.listdir(tmp_path)) == sorted(theirs)


def test_obsolete_files_go_when_the_new_one_comes(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "new", [tmp_path / "old"]):
        raise RuntimeError
    assert os.listdir(tmp_path) == ["old"]
    with files.replacing(tmp_path / "new", [tmp_path / "old", tmp_path / "older"]):
        assert "old" in os.listdir(tmp_path)
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.parametrize("has_links", [True, False])
def test_what_came_meanwhile_is_not_replaced(has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_links:

        def refuse(*_arguments: object, **_options: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    with files.product(tmp_path / "new", force=False) as file:
        file.write(b"new")
    assert (tmp_path / "new").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["new"]
    if has_links:
        with pytest.raises(FileError, match="exists already"), files.product(tmp_path / "x", force=False):
            (tmp_path / "x").write_text("theirs")
        assert (tmp_path / "x").read_text() == "theirs"


def test_on_windows_a_file_that_somebody_reads_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, refusals = os.replace, [PermissionError("in use")] * 3

    def busy(source: Path, target: Path) -> None:
        if refusals:
            raise refusals.pop()
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", busy)
    with pytest.raises(FileError, match="cannot be written"), files.replacing(tmp_path / "a") as file:
        file.write(b"elsewhere it is an error")
    monkeypatch.setattr(files, "WINDOWS", True)
    with files.replacing(tmp_path / "a") as file:
        file.write(b"whole")
    assert not refusals
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"
