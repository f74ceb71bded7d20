from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from support.endings import LINES

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form.rhyme import Rhymer, is_counted
from lyricgen.writing.form.state import FormState, RequiredRhyme
from lyricgen.writing.form.tracker import FormTracker

LETTERS = Vocabulary("".join(sorted("\n（，。 abcdefghijklmnopqrstuvwxyz光年天水行步龙")))


def tracker(**options: Any) -> FormTracker:
    return FormTracker.of(FormConfig(**options), LETTERS)


def final(form: FormTracker, prefix: str) -> set[str] | None:
    """The last characters with which the line can rhyme."""
    mask = form.rhyming.final_characters(form.start(prefix, None))
    return None if mask is None else {character for character, is_in in zip(LETTERS.id_to_char, mask) if is_in}


def test_the_first_line_of_a_rhyme_may_end_in_any_class_with_enough_characters() -> None:
    assert final(tracker(form="2,2", rhyme="AA"), "水") == set(
        "天年光行龙"
    )  # nothing rhymes with 水 and 步; 行 alone is xíng, as 龙
    assert final(tracker(form="2,2", rhyme="AA"), "水年\n水") == {"天"}
    assert final(tracker(form="2,2", rhyme="AA", rhyme_identical=True), "水年\n水") == {"天", "年"}
    assert final(tracker(form="2,2", rhyme="-A"), "水") is None


def test_different_letters_have_different_classes() -> None:
    form = tracker(form="2,2,2,2", rhyme="ABAB")
    assert final(form, "水年\n水") == set("光行龙")  # 年 has a rare reading nìng, but not here


def test_an_example_gives_the_class() -> None:
    form = tracker(form="2,2", rhyme_with="先")
    assert final(form, "水") == {"年", "天"}
    assert form.rhyming.required(form.start("", None)) == RequiredRhyme("言前")


def test_a_character_with_several_readings_rhymes_by_the_phrase() -> None:
    form = tracker(form="2,2", rhyme="AA")
    assert final(form, "水光\n步") == set()  # xíng in 步行, and alone
    assert final(form, "水龙\n步") == {"行"}
    form = tracker(form="2,4", rhyme="AA")
    assert final(form, "水光\n天水银") == {"行"}  # háng
    assert final(form, "水龙\n天水银") == set()


@pytest.mark.parametrize("options", [{}, {"rhyme_identical": True}, {"rhyme_with": "长"}], ids=str)
def test_the_last_characters_are_those_with_which_the_line_rhymes(options: dict[str, Any]) -> None:
    """For beginnings of real lines, each character of a large vocabulary in the last place."""
    text = "".join(corpus.read([]))[:30_000]
    vocabulary = Vocabulary("".join(sorted({*text, *"".join(LINES)})))
    real = [line for line in text.split("\n") if len(line) > 4 and all(map(is_counted, line))]
    lines = [*real[:40], *random.Random(1).sample(LINES, 40)]
    for number in range(0, 80, 2):
        first, second = lines[number][-4:], lines[number + 1][:-1]
        config = FormConfig(form=f"{len(first)},{len(second) + 1}", rhyme="AA", **options)
        follower = FormTracker.of(config, vocabulary)
        try:
            state = follower.start(f"{first}\n{second}", None)
        except OptionError:  # the first line has no rhyme
            continue
        mask = follower.rhyming.final_characters(state)
        assert mask is not None
        for char_id, character in enumerate(vocabulary.id_to_char):
            rhymes = is_counted(character) and follower.rhyming.is_satisfied(state._replace(text=second + character))
            assert mask[char_id] == rhymes, (first, second, character)


@pytest.mark.parametrize(("line", "rhymes"), [("水天", True), ("水年", False), ("水光", False), ("年天，。", True)])
def test_a_line_rhymes_by_a_new_ending_of_the_class(line: str, rhymes: bool) -> None:
    form = tracker(lines=2, rhyme="AA")
    assert form.rhyming.is_satisfied(form.start(f"光年\n{line}", None)) is rhymes


def written(form: FormTracker, prefix: str, text: str) -> tuple[FormState, FormState]:
    """The state after a prefix, and after more text."""
    start = state = form.start(prefix, None)
    for character in text:
        state = form.advance(state, character)
    return start, state


def test_the_last_characters_of_a_draft_are_written_again() -> None:
    form = tracker(lines=2, rhyme="AA")
    start, draft = written(form, "光年\n", "龙水光，水")
    state = form.rewrite_ending(draft, start, ahead=2)
    assert (state.forced_text, state.target, state.text) == ("龙水", 4, "")
    start, draft = written(form, "光年\n龙水光", "水")
    assert form.rewrite_ending(draft, start, ahead=2).forced_text == ""  # the prefix stays


def test_the_last_word_of_an_english_draft_is_replaced() -> None:
    form = tracker(lines=2, rhyme="AA")
    start, draft = written(form, "the light\n", "in my house")
    state = form.rewrite_ending(draft, start, ahead=2)
    assert state.forced_text == "in my "
    assert state.word_rests is not None
    assert "night" in state.word_rests
    assert "light" not in state.word_rests
    assert state.target is None


def test_a_final_gives_the_class_in_chinese() -> None:
    for by, final_, expected in (("group", "ang", "江阳"), ("final", "uang", "uang"), ("group", "Ian", "言前")):
        form = tracker(form="2", rhyme_with=final_, rhyme_by=by)
        required = form.rhyming.required(form.start("", None))
        assert required == RequiredRhyme(expected)
    form = FormTracker.of(FormConfig(lines=2, rhyme_with="in"), Vocabulary("\n abcdefghijklmnopqrstuvwxyz"))
    assert form.rhyming.required(form.start("", None)) == RequiredRhyme("IH N")


def test_rhymes_of_several_characters_rhyme_one_by_one() -> None:
    form = tracker(form="3A2,3A")
    state = form.start("龙水天\n天", None)
    assert form.rhyming.required(state) == RequiredRhyme("言前", ("天",), ("灰堆",))
    for prefix, characters in (("龙水天\n天", "水"), ("龙水天\n天水", "年")):
        mask = form.rhyming.next_characters(form.start(prefix, None))
        assert mask is not None
        assert {form.characters.id_to_char[char_id] for char_id in np.flatnonzero(mask)} == set(characters)
    assert form.rhyming.is_satisfied(form.start("龙水天\n天水年", None))
    with pytest.raises(OptionError, match="the end of 天光年 does not rhyme with 天"):
        form.start("龙水天\n天光年", None)
    with pytest.raises(OptionError, match="no Chinese characters, of which two or three could rhyme"):
        FormTracker.of(FormConfig(form="3A2"), Vocabulary("\n abcdefghijklmnopqrstuvwxyz"))


def test_the_characters_before_the_last_are_read_in_their_phrases() -> None:
    assert Rhymer().before_last("我 长大，了a好", 3) == (None, "梭坡", "发花")
    assert Rhymer().before_last("银行人", 1) == ("江阳",)
    assert Rhymer().before_last("步行人", 1) == ("中东",)
    assert Rhymer().before_last("好", 2) == ()
