from __future__ import annotations

from typing import Any

import pytest
from support.checker import broken
from support.songs import LYRIC, songs, writer

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.spec import compile_form
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import FormTracker

LETTERS = Vocabulary("".join(sorted("\n（，。 ab光年天水行龙")))


def tracker(**options: Any) -> FormTracker:
    return FormTracker(compile_form(FormConfig(**options), None), LETTERS, rhymer=Rhymer())


def allowed_in(tracker: FormTracker, state: FormState) -> set[str]:
    """The characters that may come next."""
    mask = tracker.allowed(state).mask
    return {character for character, is_allowed in zip(LETTERS.id_to_char, mask) if is_allowed}


def allowed(tracker: FormTracker, prefix: str) -> set[str]:
    return allowed_in(tracker, tracker.start(prefix, None))


def test_a_line_of_a_given_length_ends_there() -> None:
    form = tracker(form="2,3")
    counted = "ab光天年水行龙"
    assert allowed(form, "") == set("（" + counted)
    assert allowed(form, "光") == set("（，。 " + counted)
    assert allowed(form, "光水") == set("\n，。")
    assert allowed(form, "光水。。") == {"\n"}
    assert allowed(form, "光水\n光") == set("（，。 " + counted)


def test_a_line_of_any_length_ends_after_its_first_counted_character() -> None:
    form = tracker(lines=2)
    assert "\n" not in allowed(form, "")
    assert "\n" in allowed(form, "光")
    assert "\n" not in allowed(form, "光 ")


def test_repeated_lines_and_first_characters_are_forced() -> None:
    form = tracker(structure="AA", lines=1, acrostic="光")
    state = form.start("", None)
    forced = ""
    for character in "光水\n\n光水":
        forced += form.allowed(state).forced or "?"
        state = form.advance(state, character)
    assert forced == "光??\n光水"
    assert form.ends_song(state)
    assert form.advance(state, "\n").is_done


def test_a_word_is_spelled_letter_by_letter() -> None:
    form = tracker(lines=1)
    state = form.start("", None)._replace(word_rests=("ab", "a"))
    assert allowed_in(form, state) == {"a"}
    state = form.advance(state, "a")
    assert allowed_in(form, state) == set("b\n，。")
    assert form.advance(state, "b").word_rests == ("",)
    assert form.advance(state, "。").word_rests == ("",)


def test_a_song_keeps_room_for_the_lines_that_must_follow() -> None:
    form = tracker(lines=2)
    state = form.start("", 4)
    assert allowed_in(form, form.advance(form.advance(state, "光"), "水")) == {"\n"}


def test_a_prefix_counts(counted: Checkpoint) -> None:
    options = {**LYRIC, "acrostic": "春天"}
    for prefix in ("春", "春天", "春天来了", "春风吹过小山头\n天"):
        for song in songs(counted, options, prefix=prefix, samples=3):
            assert song.startswith(prefix)
            assert broken(song, **options) == []
    for song in songs(counted, {"lines": 3, "rhyme": "AAA"}, prefix="春天的风"):
        assert song.startswith("春天的风")
        assert broken(song, lines=3, rhyme="AAA") == []
    assert songs(counted, {"form": "2"}, prefix="春天") == ["春天"] * 12


@pytest.mark.parametrize(
    ("prefix", "options"),
    [
        ("夏", {"acrostic": "春"}),
        ("春天来了", {"form": "3"}),
        ("春\n", {"form": "3,3"}),
        ("春天来\n夏", {"form": "3/3,3", "acrostic": "春夏"}),
        ("春\n夏", {"form": "1/1"}),
        ("你看\n红叶\n", {"form": "2,2,*", "rhyme": "AAA"}),
        ("春\n夏\n秋", {"lines": 2}),
    ],
)
def test_a_prefix_that_breaks_the_form(prefix: str, options: dict[str, Any], counted: Checkpoint) -> None:
    with pytest.raises(OptionError, match=r"^--prefix: its line"):
        writer(counted, options).check(prefix)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rhyme": "A", "lines": 2000}, "--rhyme"),
        ({"rhyme_with": "7", "lines": 2}, "--rhyme-with"),
        ({"form": "7,7", "lines": 4, "length": 30}, "--length"),
        ({"rhyme_with": "light", "lines": 2}, "--rhyme"),
    ],
)
def test_options_that_no_song_can_satisfy_are_refused_at_once(
    options: dict[str, Any], named: str, counted: Checkpoint
) -> None:
    with pytest.raises(OptionError, match=f"^{named}:"):
        writer(counted, options).check("")


def test_a_prefix_that_breaks_the_tones_is_refused_at_once() -> None:
    with pytest.raises(OptionError, match="--prefix: its line 1 cannot go on"):
        tracker(tones="zzz").start("天", None)


def test_a_named_form_returns_in_each_of_its_stanzas() -> None:
    form = compile_form(FormConfig(tune="如梦令", lines=14), None)
    assert [form.line(number).repeats for number in (5, 12)] == [4, 11]
