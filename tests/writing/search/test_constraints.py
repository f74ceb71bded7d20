from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.errors import OptionError
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.spec import compile_form
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.search.constraints import Constraints, Options
from lyricgen.writing.search.hypotheses import DecoderOutput

LETTERS = Vocabulary("".join(sorted("\n光年天水")))


def options_after(prefix: str, sample: dict[str, Any], text: str = "", **form: Any) -> Options:
    """What may come after a prefix, by a decoder that gives all characters the same logit."""
    tracker = FormTracker(compile_form(FormConfig(**form), None), LETTERS, rhymer=Rhymer())
    constraints = Constraints(LETTERS, tracker, SampleConfig(**sample), LETTERS.encode(text))
    recent = np.full((1, constraints.window), -1)
    ids = LETTERS.encode("\n" + prefix)
    recent[0, len(recent[0]) - len(ids) :] = ids
    output = DecoderOutput(np.zeros((1, len(LETTERS)), np.float32), None, recent)
    return constraints.apply([tracker.start(prefix, None)], output)


def allowed(options: Options) -> set[str]:
    return {character for character, is_allowed in zip(LETTERS.id_to_char, options.allowed[0]) if is_allowed}


def test_stretches_that_occur_already_are_forbidden() -> None:
    assert allowed(options_after("光年天\n光", {"no_repeat": 2})) == set("\n光天水")
    assert allowed(options_after("光年天\n光", {"no_repeat": 1}, form="3,3")) == {"水"}


def test_characters_that_begin_later_lines_are_kept_for_them() -> None:
    options = {"no_repeat": 1}
    assert allowed(options_after("光", options, form="3,3", acrostic="光水")) == {"年", "天"}
    assert options_after("光年天\n", options, form="3,3", acrostic="光水").forced == ["水"]


def test_longer_copies_of_the_training_text_are_forbidden() -> None:
    text = "年光年天\n水"
    assert allowed(options_after("光年", {"max_copy": 2}, text)) == set("\n光年水")
    assert allowed(options_after("光年", {"max_copy": 3}, text)) == set("\n光年天水")


def test_the_unknown_character_is_never_written() -> None:
    assert options_after("光年", {}).logits[0, UNKNOWN] == -np.inf


def test_copies_cannot_be_found_without_the_training_text() -> None:
    tracker = FormTracker(compile_form(FormConfig(), None), LETTERS, rhymer=Rhymer())
    with pytest.raises(OptionError, match="--max-copy"):
        Constraints(LETTERS, tracker, SampleConfig(max_copy=3), None)


def test_words_that_are_banned() -> None:
    assert allowed(options_after("光年", {"ban": "水,年天"})) == set("\n光年")
    assert allowed(options_after("光年", {"ban": "光年天，龙"})) == set("\n光年水")
    tracker = FormTracker(compile_form(FormConfig(acrostic="光水"), None), LETTERS, rhymer=Rhymer())
    for ban, words in ((" ，", "names no word"), ("天,水", "水 begins a line of --acrostic")):
        with pytest.raises(OptionError, match=words):
            Constraints(LETTERS, tracker, SampleConfig(ban=ban), None)


def test_a_word_of_letters_is_banned_however_it_is_written() -> None:
    letters = Vocabulary("\n BEabd")
    tracker = FormTracker(compile_form(FormConfig(), None), letters, rhymer=Rhymer())
    banned = Constraints(letters, tracker, SampleConfig(ban="bad"), None)._banned
    assert {letters.decode(word) for word in banned} == {"bad", "Bad"}
