from __future__ import annotations

from lyricgen.writing.form.state import FormState


def test_characters_continue_the_current_line() -> None:
    state = FormState(remaining=5)
    for character in "光，。a":
        state = state.with_character(character)
    assert state.written == state.text == "光，。a"
    assert (state.counted, state.uncounted, state.remaining) == (2, 0, 1)
    assert state.with_character(" ").uncounted == 1


def test_a_line_end_leaves_the_line_as_it_is() -> None:
    state = FormState(text="光", counted=1).with_line_end("\n")
    assert (state.written, state.text, state.remaining) == ("\n", "光", None)


def test_a_word_begins_after_the_forced_text() -> None:
    state = FormState(forced_text="a ", word_rests=("light", "lit", "night"))
    state = state.with_character("a").with_character(" ")
    assert (state.forced_text, state.word_rests) == ("", ("light", "lit", "night"))
    state = state.with_character("L").with_character("i")
    assert state.word_rests == ("ght", "t")
    assert state.with_character("t").word_rests == ("",)
    assert state.with_character("t").with_character(".").word_rests == ("",)
