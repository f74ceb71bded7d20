from __future__ import annotations

from typing import Any

import pytest
from support.checker import broken
from support.songs import LYRIC, songs, writer

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import FormTracker

LETTERS = Vocabulary("".join(sorted("\n（，。 ab光年天水行龙")))


def tracker(**options: Any) -> FormTracker:
    return FormTracker.of(FormConfig(**options), LETTERS)


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
    form = tracker(structure="CC", lines=1, acrostic="光")
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


@pytest.mark.parametrize(
    ("options", "prefix", "message"),
    [
        (
            {"form": "zzz"},
            "天",
            "--prefix: its line 1 breaks the form: the tones of the line ask for 仄 there, not for 天",
        ),
        ({"form": "2+2"}, "光天水", "--prefix: its line 1 breaks the form: a pause stands after 2 characters"),
        ({"form": "2,=1"}, "光天\n水", "--prefix: its line 2 breaks the form: line 2 repeats line 1: 光天"),
        ({"form": "2/2"}, "光天\n水", "--prefix: its line 2 breaks the form: a blank line stands before line 2"),
        ({"form": "1A,1A"}, "光\n天", "--prefix: its line 2 breaks the form: 天 does not rhyme with 光"),
        ({"form": "z^天"}, "", "--acrostic: line 1 begins with 天, where the form asks for 仄"),
        ({"form": "1A,1A,1A,1A"}, "", "--rhyme: 4 lines of A must rhyme, but this model knows at most 3"),
        ({"form": "*zA,zA"}, "", "--form: line 1"),
        ({"form": "zA,zA"}, "", "--rhyme: 2 lines of A that end in 仄 must rhyme, but this model knows at most 1"),
    ],
)
def test_what_cannot_be_is_said_at_once(options: dict[str, Any], prefix: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        tracker(**options).start(prefix, None)
    assert str(caught.value).startswith(message)


def test_pauses_stand_where_the_form_has_them_and_nowhere_else() -> None:
    form = tracker(form="2+1,pp+p")
    assert allowed(form, "光") == set("ab光天年水行龙")
    assert allowed(form, "光天") == set("，。 ")
    assert allowed(form, "光天，") == set("（，。 ab光天年水行龙")
    assert allowed(form, "光天， ") == set("ab光天年水行龙")
    assert allowed(form, "光天，水") == set("\n，。")
    assert allowed(form, "光天，水\n光") == set("光天年行龙")
    assert allowed(form, "光天，水\n光天") == set("，。 ")


def test_a_song_keeps_room_for_its_pauses() -> None:
    form = tracker(form="1+1")
    with pytest.raises(OptionError, match="this form needs at least 3"):
        form.start("", 2)
    state = form.advance(form.start("", 3), "光")
    assert allowed_in(form, form.advance(state, " ")) == set("ab光天年水行龙")
