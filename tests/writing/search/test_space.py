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
from lyricgen.writing.search.hypotheses import DecoderOutput
from lyricgen.writing.search.space import Options, SearchSpace, would_repeat

LETTERS = Vocabulary("".join(sorted("\n光年天水")))


def space(sample: dict[str, Any], text: str | None = None, **form: Any) -> SearchSpace:
    tracker = FormTracker(compile_form(FormConfig(**form), None), LETTERS, rhymer=Rhymer())
    copied = None if text is None else LETTERS.encode(text)
    return SearchSpace(None, LETTERS, tracker=tracker, config=SampleConfig(**sample), copied=copied)


def options_after(prefix: str, sample: dict[str, Any], text: str = "", **form: Any) -> Options:
    """What may come after a prefix, by a decoder that gives all characters the same logit."""
    searched = space(sample, text, **form)
    output = DecoderOutput(np.zeros((1, len(LETTERS)), np.float32), None, searched.recent("\n" + prefix))
    return searched.apply([searched.tracker.start(prefix, None)], output, are_drafts=True)


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
    with pytest.raises(OptionError, match="--max-copy"):
        space({"max_copy": 3})
    assert allowed(options_after("光年", {})) == set("\n光年天水")


def test_drafts_copy_by_default_only_what_nothing_else_may_follow() -> None:
    text = "光年天光年天水\n光年天光年天光"
    options = options_after("光年天光年天", {}, text)
    assert allowed(options) == set("\n年天")
    assert not options.copies.any()
    assert allowed(options_after("光年天光年天", {"drafts": 1}, text)) == set("\n光年天水")
    options = options_after("光年天光年天", {"ban": "年,天,光,水"}, text.replace("光年天光年天光", "光年天光年天\n"))
    assert allowed(options) == {"\n"}
    assert options.copies.all()
    strict = {"ban": "年,天,光,水", "max_copy": 6}
    assert allowed(options_after("光年天光年天", strict, text.replace("光年天光年天光", "光年天光年天\n"))) == set()


def test_words_that_are_banned() -> None:
    assert allowed(options_after("光年", {"ban": "水,年天"})) == set("\n光年")
    assert allowed(options_after("光年", {"ban": "光年天，龙"})) == set("\n光年水")
    for ban, words in ((" ，", "names no word"), ("天,水", "水 begins a line of --acrostic")):
        with pytest.raises(OptionError, match=words):
            space({"ban": ban}, acrostic="光水")


def test_a_word_of_letters_is_banned_however_it_is_written() -> None:
    letters = Vocabulary("\n BEabd")
    tracker = FormTracker(compile_form(FormConfig(), None), letters, rhymer=Rhymer())
    banned = SearchSpace(None, letters, tracker=tracker, config=SampleConfig(ban="bad"))._banned
    assert {letters.decode(word) for word in banned} == {"bad", "Bad"}


def test_what_would_repeat() -> None:
    assert would_repeat(["春天来", "天，上"], "春", 2) == {"天"}
    assert would_repeat(["春天来", "天，上"], "白天", 2) == {"来", "上"}
    assert would_repeat(["春天来"], "", 1) == {"春", "天", "来"}
    assert would_repeat([], "啦啦", 2) == {"啦"}
    assert would_repeat(["春天来"], "春", 3) == set()
