from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lyricgen import storage
from lyricgen.config import PrepareConfig
from lyricgen.errors import FileError
from lyricgen.text import dataset


def test_the_text_is_cut_in_order_and_the_vocabulary_is_that_of_the_training_part() -> None:
    data = dataset.split(["abcabcab", "xa"], PrepareConfig(valid_fraction=0.2, test_fraction=0.2))
    assert [data.vocabulary.decode(data.splits[name]) for name in dataset.SPLITS] == ["abcabc", "ab", "\ufffda"]
    assert data.unknown_share("test") == 0.5
    assert data.unknown_share("train") == 0
    assert len(data) == 10


def test_rare_characters_of_the_training_part_are_unknown() -> None:
    data = dataset.split(["aab", "bcc" + "cccc"], PrepareConfig(valid_fraction=0.4, min_count=2))
    assert data.vocabulary.characters == "abc"
    data = dataset.split(["aab", "bcc" + "cccc"], PrepareConfig(valid_fraction=0.5, min_count=2))
    assert data.vocabulary.characters == "ab"
    assert data.vocabulary.decode(data.valid) == "\ufffd" * 5


def test_a_dataset_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "歌" / "d.safetensors"
    data = dataset.split(["春夏秋冬" * 30], PrepareConfig(min_count=2))
    data.save(path)
    loaded = dataset.load(path)
    assert (loaded.vocabulary, loaded.config, loaded.fingerprint) == (data.vocabulary, data.config, data.fingerprint)
    for name in dataset.SPLITS:
        np.testing.assert_array_equal(loaded.splits[name], data.splits[name])
    assert isinstance(loaded.train, np.memmap)
    assert loaded.train.dtype == np.uint8


def test_the_same_text_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        dataset.prepare([], PrepareConfig()).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fingerprints_tell_texts_and_splits_apart() -> None:
    text, config = ["abcd" * 25], PrepareConfig()
    prints = {
        dataset.split(text, config).fingerprint,
        dataset.split(["abdc" * 25], config).fingerprint,
        dataset.split(text, PrepareConfig(valid_fraction=0.1)).fingerprint,
    }
    assert len(prints) == 3
    assert dataset.split(["ab", "cd" + "abcd" * 24], config).fingerprint in prints


def test_too_short_a_text_is_refused_and_a_short_split_left_out() -> None:
    with pytest.raises(FileError, match="too few"):
        dataset.split(["a"], PrepareConfig())
    assert len(dataset.split(["abcdefghij"], PrepareConfig(valid_fraction=0.1)).valid) == 0


def test_ids_beyond_the_vocabulary_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    data = dataset.split(["ab" * 30], PrepareConfig())
    data.save(path)
    stored = storage.read(path, dataset.KIND)
    storage.write(path, dataset.KIND, stored.metadata, {**stored.tensors, "train": np.array([9], np.uint8)})
    with pytest.raises(FileError, match="beyond its vocabulary"):
        dataset.load(path)
