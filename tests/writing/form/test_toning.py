from __future__ import annotations

import random

import pytest
from support.endings import LINES

from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form import readings
from lyricgen.writing.form.characters import Characters
from lyricgen.writing.form.rhyme import Rhymer, is_counted
from lyricgen.writing.form.spec import Line
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import Tones, keeps
from lyricgen.writing.form.toning import Toning

REAL = [line for line in "".join(corpus.read([]))[:60_000].split("\n") if len(line) > 2 and all(map(is_counted, line))]
VOCABULARY = Vocabulary("".join(sorted({"\n", *"".join([*LINES, *REAL])})))


@pytest.fixture(scope="module")
def toning() -> Toning:
    return Toning(Characters(VOCABULARY, Rhymer()), Tones())


def at(pattern: str, text: str = "") -> FormState:
    """The state after a text within a line of these tones."""
    return FormState(line=Line(tones=pattern), text=text, counted=len(text))


def drawn(count: int) -> list[str]:
    """Lines of both scripts, without phrases that are longer than what the toning looks ahead."""
    rng = random.Random(1)
    lines = [line for line in LINES if max(map(len, readings.segments(line))) < 5]
    return rng.sample(lines, count) + rng.sample(REAL, count)


def test_a_line_can_be_written_in_its_own_tones(toning: Toning) -> None:
    for line in drawn(100):
        tones = "".join(Tones().of_line(line))
        for place, character in enumerate(line):
            mask = toning.next_characters(at(tones, line[:place]))
            assert mask is None or mask[VOCABULARY.encode(character)], (line, character)
        assert toning.is_satisfied(at(tones, line))


@pytest.mark.parametrize("last", ["p", "z"])
def test_the_last_characters_are_those_with_which_the_line_has_its_tones(last: str, toning: Toning) -> None:
    """For beginnings of lines, each character of the vocabulary in the last place."""
    tones = Tones()
    for line in drawn(4):
        begun, pattern = line[:-1], "".join(tones.of_line(line)[:-1]) + last
        mask = toning.next_characters(at(pattern, begun))
        assert mask is not None
        for character, may_come in zip(VOCABULARY.id_to_char, mask):
            has_tones = is_counted(character) and keeps(tones.of_line(begun + character), pattern)
            assert may_come == has_tones, (begun, pattern, character)


def test_the_tones_that_a_character_can_have(toning: Toning) -> None:
    assert toning.can_have("长", "p")
    assert toning.can_have("长", "z")
    assert toning.can_have("發", "p")
    assert not toning.can_have("髮", "p")
    assert toning.can_have("儿", "z")  # neutral in 花儿
    assert not toning.can_have("山", "z")
