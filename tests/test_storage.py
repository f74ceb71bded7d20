from __future__ import annotations

import itertools
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from lyricgen import storage
from lyricgen.errors import FileError

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "empty": np.zeros(0, np.uint16)}


def test_what_is_written_is_read_transposed_and_empty_tensors_too(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    storage.write(path, "dataset", {"vocabulary": "分开"}, TENSORS)
    stored = storage.read(path, "dataset")
    assert stored.metadata == {"format": storage.FORMAT, "kind": "dataset", "vocabulary": "分开"}
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(stored.tensors[name], tensor)
        assert stored.tensors[name].dtype == tensor.dtype
    assert os.listdir(path.parent) == ["x.safetensors"]


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        storage.write(tmp_path / "x", "dataset", {}, TENSORS)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "x", tmp_path):
        with pytest.raises(FileError, match="cannot be written"):
            storage.write(path, "dataset", {}, TENSORS)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    storage.write(path, "dataset", {}, TENSORS)
    with pytest.raises(FileError, match="is a dataset, a checkpoint is wanted"):
        storage.read(path, "checkpoint")
    storage.write(path, "dataset", {"format": storage.FORMAT + 1}, TENSORS)
    with pytest.raises(FileError, match="newer than this lyricgen"):
        storage.read(path, "dataset")
    storage.write(path, "dataset", {"format": storage.OLDEST - 1}, TENSORS)
    with pytest.raises(FileError, match="from an older lyricgen"):
        storage.read(path, "dataset")
    with pytest.raises(FileError, match="No such file"):
        storage.read(tmp_path / "missing", "dataset")
    for content in (b"", b"hello", bytes(8) + b"{}", b"\xff" * 99):
        path.write_bytes(content)
        with pytest.raises(FileError, match="not a lyricgen file"):
            storage.read(path, "dataset")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    storage.write(path, "dataset", {}, TENSORS)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FileError):
            storage.read(path, "dataset")


@pytest.mark.slow
def test_every_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    """Over header and tensors: refused, or it reads as if nothing had happened (a blank that pads the header)."""
    path = tmp_path / "x"
    storage.write(path, "dataset", {"vocabulary": "分开"}, TENSORS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            try:
                stored = storage.read(path, "dataset")
            except FileError:
                continue
            assert stored.metadata["vocabulary"] == "分开"
            for name, tensor in TENSORS.items():
                np.testing.assert_array_equal(stored.tensors[name], tensor)


def test_a_header_that_claims_more_than_the_file_has_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for header in (
        {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}},
        {"a": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
        {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}},
    ):
        described = json.dumps({"format": storage.FORMAT, "kind": "dataset"})
        value = json.dumps({"__metadata__": {storage.KEY: described}, **header})
        path.write_bytes(len(value).to_bytes(8, "little") + value.encode() + bytes(4))
        with pytest.raises(FileError):
            storage.read(path, "dataset")
    path.write_bytes((1 << 60).to_bytes(8, "little") + b"{" + bytes(99))
    with pytest.raises(FileError):
        storage.read(path, "dataset")


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x"
    storage.write(path, "dataset", {"number": 0}, {"a": np.zeros(1000, np.float32)})
    stop = threading.Event()

    def replace() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            storage.write(path, "dataset", {"number": number}, {"a": np.full(1000, number, np.float32)})

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for _ in range(300):
            stored = storage.read(path, "dataset")
            assert (stored.tensors["a"] == stored.metadata["number"]).all()
    finally:
        stop.set()
        writer.join()


def test_the_library_reads_what_was_written(tmp_path: Path) -> None:
    path, tensors = tmp_path / "x", {**TENSORS, "b": np.arange(3, dtype=np.uint8), "c": np.ones((2, 0), np.float64)}
    storage.write(path, "dataset", {"vocabulary": "分开"}, tensors)
    for name, tensor in load_file(path).items():
        np.testing.assert_array_equal(tensor, tensors[name])
        assert tensor.dtype == tensors[name].dtype
    with safe_open(path, "numpy") as file:
        assert set(file.keys()) == set(tensors)
        assert json.loads(file.metadata()[storage.KEY])["vocabulary"] == "分开"


@pytest.mark.parametrize("small", [0, 1 << 26], ids=["mapped", "read"])
def test_what_was_read_stays_when_another_file_takes_its_place(
    small: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SMALL", small)
    path = tmp_path / "x"
    storage.write(path, "dataset", {}, {"a": np.arange(100_000, dtype=np.float32)})
    stored = storage.read(path, "dataset")
    storage.write(path, "dataset", {}, {"a": np.zeros(1, np.float32)})
    np.testing.assert_array_equal(stored.tensors["a"], np.arange(100_000))


def test_files_of_changing_size_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the header and the tensors another file of another size takes the place."""
    path = tmp_path / "x"
    sizes = itertools.cycle([1, 100_000])
    storage.write(path, "dataset", {"size": 1}, {"a": np.zeros(1, np.float32)})
    read_metadata = storage.read_metadata
    left = [5]

    def replacing_meanwhile(path: Path) -> dict[str, Any]:
        found = read_metadata(path)
        if left[0]:
            left[0] -= 1
            size = next(sizes)
            storage.write(path, "dataset", {"size": size}, {"a": np.zeros(size, np.float32)})
        return found

    monkeypatch.setattr(storage, "read_metadata", replacing_meanwhile)
    stored = storage.read(path, "dataset")
    assert len(stored.tensors["a"]) == stored.metadata["size"]
