from __future__ import annotations

from typing import Any

import pytest
from support.checker import broken
from support.songs import songs

from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.search.words import occurs

DEMANDS: list[dict[str, Any]] = [
    {"lines": 4},
    {"length": 30},
    {"form": "7,5/7,5", "rhyme": "AABB"},
    {"form": "pzpzx,xzpzp", "acrostic": "春天"},
    {"lines": 3, "rhyme": "AAA", "length": 60},
    {"structure": "ABA", "lines": 2, "line_length": 5},
    {"line_length": 6, "lines": 3, "drafts": 3, "no_repeat": 2},
]


@pytest.mark.parametrize("demands", DEMANDS, ids=str)
def test_words_stand_in_the_song_with_all_else_that_is_asked(demands: dict[str, Any], counted: Checkpoint) -> None:
    for song in songs(counted, {**demands, "words": "月亮,人，风"}, samples=6):
        assert all(word in song for word in ("月亮", "人", "风"))
        assert not broken(song, **demands)


def test_a_word_of_the_prefix_counts_and_one_that_the_model_never_saw_is_kept(counted: Checkpoint) -> None:
    (song,) = songs(counted, {"words": "月亮 龘", "length": 8}, prefix="月亮", samples=1)
    assert song.startswith("月亮")
    assert "龘" in song


def test_the_first_song_does_not_depend_on_their_number(counted: Checkpoint) -> None:
    options = {"words": "月亮,灯", "lines": 3}
    assert songs(counted, options, samples=3)[0] == songs(counted, options, samples=1)[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": "，"}, "names no word"),
        ({"words": "…"}, "no letter"),
        ({"words": "月亮", "ban": "亮"}, "banned"),
        ({"words": "Love", "ban": "love"}, "Love is banned"),
        ({"words": "月亮", "length": 1}, "--length"),
        ({"words": "月亮上面", "line_length": 3}, "月亮上面 fits into no line of this length"),
        ({"words": "人,天", "form": "zzzz", "lines": 2}, "人 fits into no line with these tones"),
        ({"words": "月亮,上面", "line_length": 3, "lines": 1}, "do not fit"),
    ],
)
def test_words_that_can_stand_nowhere(options: dict[str, Any], message: str, counted: Checkpoint) -> None:
    with pytest.raises(OptionError, match=message):
        songs(counted, options)


def test_words_that_the_form_leaves_no_place(counted: Checkpoint) -> None:
    with pytest.raises(UnsatisfiableError, match="--words: 天, 月 could not be put"):
        songs(counted, {"words": "天,月", "form": "中中", "acrostic": "风", "rhyme": "A", "rhyme_with": "风"})


def test_words_of_letters_are_whole_words() -> None:
    assert occurs("rain", "The Rain, again")
    assert not occurs("rain", "the train")
    assert not occurs("rain", "rain's")
    assert occurs("月亮", "一个月亮")
