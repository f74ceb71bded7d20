from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyricgen import storage
from lyricgen.config import PrepareConfig
from lyricgen.errors import FileError
from lyricgen.text import dataset
from lyricgen.text.parts import NAMES
from lyricgen.text.vocabulary import Vocabulary


def test_the_text_is_cut_in_order_and_the_vocabulary_is_that_of_the_training_part() -> None:
    data = dataset.split(["abcabcab", "xa"], PrepareConfig(valid_fraction=0.2, test_fraction=0.2))
    assert [data.vocabulary.decode(data.parts.ids(name)) for name in NAMES] == ["abcabc", "ab", "\ufffda"]
    assert [data.parts.text(name) for name in NAMES] == ["abcabc", "ab", "xa"]
    assert data.unknown_share("test") == 0.5
    assert data.unknown_share("train") == 0
    assert len(data) == 10


def test_rare_characters_of_the_training_part_are_unknown() -> None:
    data = dataset.split(["aab", "bcc" + "cccc"], PrepareConfig(valid_fraction=0.4, min_count=2))
    assert data.vocabulary.characters == "abc"
    data = dataset.split(["aab", "bcc" + "cccc"], PrepareConfig(valid_fraction=0.5, min_count=2))
    assert data.vocabulary.characters == "ab"
    assert data.vocabulary.decode(data.valid) == "\ufffd" * 5
    assert data.parts.text("valid") == "ccccc"


def test_a_dataset_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "歌" / "d.safetensors"
    data = dataset.split(["春夏秋冬" * 30 + "雪"], PrepareConfig(min_count=2))
    data.save(path)
    loaded = dataset.load(path)
    assert (loaded.vocabulary, loaded.config, loaded.fingerprint) == (data.vocabulary, data.config, data.fingerprint)
    assert (loaded.parts.unseen, loaded.untrained) == (data.parts.unseen, ())
    for name in NAMES:
        np.testing.assert_array_equal(loaded.parts.stored[name], data.parts.stored[name])
        np.testing.assert_array_equal(loaded.parts.starts[name], data.parts.starts[name])
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


def songs_of(text: str) -> list[str]:
    return [song for song in text.split("\n\n") if song]


def numbered(count: int, mark: str = "") -> str:
    return "".join(f"{mark}歌{number}\n词{number}{mark}\n\n" for number in range(100, 100 + count))


def test_whole_songs_are_held_out_spread_over_the_text() -> None:
    data = dataset.split([numbered(100)], PrepareConfig(valid_fraction=0.05, test_fraction=0.1))
    parts = {name: songs_of(data.parts.text(name)) for name in NAMES}
    assert sorted(song for part in parts.values() for song in part) == songs_of(numbered(100))
    assert (len(parts["train"]), len(parts["valid"]), len(parts["test"])) == (85, 5, 10)
    for name in ("valid", "test"):
        places = [int(song[1:4]) - 100 for song in parts[name]]
        gaps = np.diff([0, *places, 100])
        assert max(gaps) < 2.5 * 100 / len(places)
    assert parts["train"] == sorted(parts["train"])


def test_each_source_gives_its_share(tmp_path: Path) -> None:
    for name, count, mark in (("many", 60, "甲"), ("few", 5, "乙"), ("mine", 30, "丙")):
        (tmp_path / f"{name}.txt").write_text(numbered(count, mark), "utf-8")
    sources = [str(tmp_path / f"{name}.txt") for name in ("many", "few", "mine")]
    data = dataset.prepare(sources, PrepareConfig(valid_fraction=0.1, songs_by="blank"))
    held_out = data.parts.text("valid")
    assert [held_out.count(mark) // 2 for mark in "甲丙"] == [6, 3]
    assert held_out.count("乙") in (1, 2)  # the end of a source with few songs, cut within one
    assert data.untrained == ()
    tail = dataset.prepare(sources, PrepareConfig(valid_fraction=0.4, split="tail"))
    assert tail.untrained == tuple(sources[1:])
    everything = tail.parts.text("train") + tail.parts.text("valid")
    assert everything == "\n\n".join(numbered(count, mark)[:-1] for count, mark in ((60, "甲"), (5, "乙"), (30, "丙")))


def test_songs_are_told_by_blank_lines_even_where_line_ends_become_spaces() -> None:
    text = numbered(40)
    kept = dataset.split([text], PrepareConfig(valid_fraction=0.1))
    spaces = dataset.split([text], PrepareConfig(valid_fraction=0.1, newlines="space"))
    assert spaces.parts.text("valid") == kept.parts.text("valid").replace("\n", " ")
    assert "\n" not in spaces.vocabulary.characters
    assert kept.parts.text("valid").count("歌") == 4


@pytest.mark.parametrize("newlines", ["keep", "space"])
def test_the_songs_of_each_part_are_stored(newlines: str, tmp_path: Path) -> None:
    words = [f"第{number}首\n\n一{number}\n二{number}\n\n三{number}" for number in range(50)]
    (tmp_path / "songs.txt").write_text("\n\n\n".join(words), "utf-8")
    config = PrepareConfig(newlines=newlines, valid_fraction=0.1, test_fraction=0.1)
    dataset.prepare([str(tmp_path / "songs.txt")], config).save(tmp_path / "d")
    parts, read = dataset.load(tmp_path / "d").parts, []
    for name in NAMES:
        text, starts = parts.text(name), parts.song_starts(name)
        read += [text[begin:end].strip() for begin, end in zip(starts, [*starts[1:], len(text)])]
        assert starts[0] == 0
    end = "\n" if newlines == "keep" else " "
    assert sorted(read) == sorted(song.replace("\n", end) for song in words)


def test_a_song_that_is_cut_counts_in_both_parts(tmp_path: Path) -> None:
    (tmp_path / "songs.txt").write_text("一二三\n\n\n四五六\n\n\n七八九", "utf-8")
    parts = dataset.prepare([str(tmp_path / "songs.txt")], PrepareConfig(valid_fraction=0.5)).parts
    assert (parts.text("train"), parts.song_starts("train")) == ("一二三\n\n\n四五", [0, 6])
    assert (parts.text("valid"), parts.song_starts("valid")) == ("六\n\n\n七八九\n", [0, 4])


@pytest.mark.parametrize("starts", [[0, 0], [3, 2], [0, 999], [[0]], [0.0]])
def test_songs_that_begin_outside_of_a_text_are_refused(starts: list[object], tmp_path: Path) -> None:
    path = tmp_path / "d"
    dataset.split(["春夏秋冬" * 9], PrepareConfig(valid_fraction=0)).save(path)
    stored = storage.read(path, dataset.KIND)
    array = np.array(starts, None if starts == [0.0] else np.uint32)
    storage.write(path, dataset.KIND, stored.metadata, {**stored.tensors, "starts.train": array})
    with pytest.raises(FileError, match="is a damaged dataset"):
        dataset.load(path)


def test_few_songs_or_a_small_share_are_cut_at_the_end() -> None:
    for text, share in ((numbered(19), 0.2), (numbered(25), 0.01)):
        songs, tail = (
            dataset.split([text], PrepareConfig(valid_fraction=share, split=split)) for split in ("songs", "tail")
        )
        assert songs.parts.text("valid") == tail.parts.text("valid") != ""
        assert songs.fingerprint == tail.fingerprint


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=2))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_dataset_behind_a_right_checksum(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    dataset.split(["山上的雨落在水里" * 20 + "雪"], PrepareConfig(valid_fraction=0.1)).save(path)
    stored = storage.read(path, dataset.KIND)
    metadata, tensors = json.loads(json.dumps(stored.metadata)), dict(stored.tensors)
    if data.draw(st.booleans()):
        values, key = data.draw(
            st.sampled_from([(v, k) for v in (metadata, metadata["config"]) for k in v if k not in ("kind", "format")])
        )
        values[key] = data.draw(VALUES)
    else:
        name = data.draw(st.sampled_from([*sorted(tensors), "extra"]))
        shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
        tensors[name] = np.ones(shape, data.draw(st.sampled_from(["u1", "<u4", "<i8", "<f4"])))
    try:
        storage.write(path, dataset.KIND, metadata, tensors)
        loaded = dataset.load(path)
    except (UnicodeEncodeError, FileError):
        return
    assert len(loaded.train) >= 2
    assert all(isinstance(loaded.parts.text(name), str) and loaded.unknown_share(name) <= 1 for name in NAMES)


def test_a_vocabulary_is_never_empty(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="lower --min-count"):
        dataset.split(["山水"], PrepareConfig(min_count=9))
    path = tmp_path / "a.safetensors"
    dataset.split(["山水" * 9], PrepareConfig()).save(path)
    stored = storage.read(path, dataset.KIND)
    nothing = {name: np.zeros(3, np.uint8) for name in NAMES}
    storage.write(path, dataset.KIND, {**stored.metadata, "vocabulary": ""}, nothing)
    with pytest.raises(FileError, match="vocabulary is empty"):
        dataset.load(path)


def test_names_that_are_no_utf8_are_kept_as_text(tmp_path: Path) -> None:
    source = os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.txt")
    Path(source).write_text("山水" * 9, "utf-8")
    dataset.prepare([source], PrepareConfig()).save(tmp_path / "a.safetensors")
    assert dataset.load(tmp_path / "a.safetensors").sources == (f"{tmp_path}/caf\ufffd.txt",)


def test_in_a_larger_vocabulary_the_text_and_its_fingerprint_stay() -> None:
    data = dataset.split(["山水" * 10 + "月龙" * 2], PrepareConfig(valid_fraction=0.1, test_fraction=0.1))
    assert data.parts.unseen
    larger = data.vocabulary.union(Vocabulary("云月"))
    moved = data.in_vocabulary(larger)
    assert moved.fingerprint == data.fingerprint
    assert moved.vocabulary == larger
    assert [moved.parts.text(name) for name in NAMES] == [data.parts.text(name) for name in NAMES]
    assert moved.parts.unseen == "".join(set(data.parts.unseen) - {"月"})
    for name in NAMES:
        np.testing.assert_array_equal(moved.parts.ids(name), larger.encode(data.parts.text(name)))
    assert data.in_vocabulary(data.vocabulary) is data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "山上\n" * 1001,
            "1 song, 1 stanza, 1,001 lines; the longest has 1,001 lines: put two blank lines between songs",
        ),
        ("山上\n山下\n\n" * 600, "the longest has 1,799 lines: --songs-by blank ends songs at its blank lines"),
        ("山上\n" * 9, "1 song, 1 stanza, 9 lines"),
    ],
)
def test_a_song_of_a_thousand_lines_is_doubted(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    (note,) = [note for note in dataset.prepare([str(tmp_path / "a.txt")], PrepareConfig()).notes if "song" in note]
    assert note.endswith(words)


TRADITIONAL = "愛過的時間\n請說給誰聽\n" * 6 + "她見過龍\n"


def test_a_text_is_turned_into_the_script_that_is_asked_for() -> None:
    data = dataset.split([TRADITIONAL], PrepareConfig(valid_fraction=0.1, min_count=2))
    turned = data.in_script("simplified")
    assert turned.parts.text("train") == "爱过的时间\n请说给谁听\n" * 5 + "爱过的时间\n请说给谁"
    assert turned.parts.text("valid") == "听\n她见过龙\n"
    assert (turned.parts.unseen, turned.fingerprint == data.fingerprint) == ("她见龙", False)
    assert "--script traditional" in turned.notes[-1]
    assert turned.in_script("simplified") is turned


@pytest.mark.parametrize("text", ["山上的雨\n" * 9, "歌をうたう国の花\n" * 9, "爱过的时间\n" * 99 + "龍"])
def test_a_text_in_the_right_script_or_in_none_stays_as_it_is(text: str) -> None:
    data = dataset.split([text], PrepareConfig())
    assert data.in_script("simplified") is data


def test_a_script_that_was_chosen_is_kept() -> None:
    data = dataset.split([TRADITIONAL], PrepareConfig(script="traditional"))
    assert data.in_script("simplified") is data
