"""Songs with a form, from n-grams of the sample and from untrained networks, verified by ``checker``."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from support.checker import broken, rhyme
from support.songs import LYRIC, songs, writer
from support.toy import Toy

from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model import mixture
from lyricgen.model.checkpoint import Checkpoint

Make = Callable[..., Checkpoint]
FORMS: list[dict[str, Any]] = [
    {"lines": 4},
    {"line_length": 7, "length": 50},
    {"form": "5,5/7,7/", "lines": 8},
    {"form": "5,*/7", "length": 60},
    {"acrostic": "春夏秋冬"},
    {"lines": 4, "rhyme": "AABA"},
    LYRIC,
    {"line_length": 6, "lines": 3, "rhyme_with": "光"},
    {"lines": 6, "no_repeat": 2},
    {"lines": 5, "max_copy": 2},
    {**LYRIC, "ban": "我,你们,一个"},
    {"structure": "ABAB", "lines": 2},
    {**LYRIC, "acrostic": "我想回家", "no_repeat": 2, "max_copy": 4},
    {**LYRIC, "structure": "VCVC", "drafts": 3},
    {"structure": "ABA", "lines": 2, "rhyme": "AA", "acrostic": "山水花月"},
    {"lines": 5, "rhyme": "A", "no_repeat": 1, "top_k": 50},
    {**LYRIC, "temperature": 0.0},
    {**LYRIC, "top_p": 0.5, "temperature": 1.0, "acrostic": "春夏"},
    {"lines": 3, "length": 20},
    {"form": "3,3", "rhyme": "AA", "rhyme_identical": True, "rhyme_by": "final"},
]


@pytest.mark.parametrize("options", FORMS, ids=str)
def test_every_song_keeps_its_form(options: dict[str, Any], counted: Checkpoint) -> None:
    corpus = counted.text.text("train")
    found = songs(counted, options, samples=6)
    assert [broken(song, corpus=corpus, **options) for song in found] == [[]] * 6
    assert len(set(found)) > 3 or options.get("temperature") == 0


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_networks_and_mixtures_keep_the_form(cell: str, counted: Checkpoint, random_checkpoint: Make) -> None:
    corpus = counted.text.text("train")
    network = random_checkpoint(text=counted.vocabulary.characters, cell=cell)
    options = {**LYRIC, "acrostic": "春夏", "no_repeat": 2}
    assert [broken(song, **options) for song in songs(network, options, samples=4)] == [[]] * 4
    weights = mixture.with_cache(np.array([0.5, 0.5]))
    mixed = mixture.Mixture([network.decoder(), counted.decoder()], weights, len(counted.vocabulary))
    options = {"lines": 3, "rhyme": "AAA", "max_copy": 3}
    found = songs(counted, options, decoder=mixed, samples=4)
    assert [broken(song, corpus=corpus, **options) for song in found] == [[]] * 4


def test_songs_of_a_model_that_ends_lines_with_spaces_have_lines(random_checkpoint: Make) -> None:
    text = "山上的雨 雨落在山 我们不分开 雨停了 分开以后"
    for song in songs(random_checkpoint(text=text, newlines="space"), {"form": "3,3/4"}):
        assert broken(song, form="3,3/4") == []
        assert song.count("\n") == 3
        assert " " not in song


def test_english_rhymes_by_its_words(random_checkpoint: Make) -> None:
    text = "the light of day\nwill fade away\nand every night\n i write\n'z.,?xqkjmp"
    options = {"lines": 4, "rhyme": "AABB", "form": "*,14,*,*"}
    found = songs(random_checkpoint(text=text), options, samples=4, seed=2)
    assert [broken(song, **options) for song in found] == [[]] * 4


@pytest.mark.slow
def test_the_first_of_many_songs_is_the_song_alone(counted: Checkpoint) -> None:
    options = {**LYRIC, "drafts": 2}
    assert songs(counted, options, samples=1)[0] == songs(counted, options, samples=70)[0]


def test_streaming_gives_the_same_song_line_by_line(counted: Checkpoint) -> None:
    options = {**LYRIC, "lines": 20}
    pieces = [piece for (piece,) in writer(counted, options).stream("春", seed=1, samples=[0]) if piece]
    assert "春" + "".join(pieces) == songs(counted, options, prefix="春", samples=1)[0]
    assert len(pieces) > 4


def test_songs_that_cannot_be_written(random_checkpoint: Make) -> None:
    with pytest.raises(UnsatisfiableError, match=r"line \d+ cannot be written"):
        songs(random_checkpoint(text="\n山水雨"), {"lines": 4, "line_length": 2, "no_repeat": 1})
    with pytest.raises(OptionError, match="knows no line ends"):
        songs(random_checkpoint(text="山水雨"), {"lines": 4})
    with pytest.raises(OptionError, match="--keep-text"):
        songs(random_checkpoint(), {"max_copy": 4})


@pytest.mark.parametrize("restriction", [{"top_k": 3}, {"top_p": 0.5}], ids=str)
def test_first_characters_may_be_unknown_to_the_model(restriction: dict[str, Any], random_checkpoint: Make) -> None:
    options = {"acrostic": "春龙", **restriction}
    for song in songs(random_checkpoint(), options, samples=2):
        assert broken(song, **options) == []


def test_temperature_0_leaves_nothing_to_chance(counted: Checkpoint) -> None:
    options = {**LYRIC, "temperature": 0.0}
    assert len({*songs(counted, options, seed=1), *songs(counted, options, seed=2)}) == 1


def test_a_line_of_known_length_that_ends_in_a_word_is_written_again() -> None:
    """By its letters any word may end it, but na and ya have one class of rhyme, and these lines must have two."""
    found = list(Toy("\nnay 天").writer(form="5,5", rhyme="AB").songs("", seed=0, samples=60))
    ends = [{rhyme(line) for line in song.split("\n")} for song in found]
    assert len(found) == 60
    assert "AA" in set.union(*ends)
    assert all(len(classes) == 2 or classes == {"?"} for classes in ends)
