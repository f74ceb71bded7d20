from __future__ import annotations

import pytest
from support.toy import Toy

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.syllables import count_syllables
from lyricgen.writing.form.tracker import FormTracker

LETTERS = Vocabulary("".join(sorted("\n ,'abdeghiklnorstvyAR山")))


def allowed(text: str, **options: str) -> set[str]:
    """What may come after a text that begins a song with lines of so many syllables."""
    tracker = FormTracker.of(FormConfig(**options), LETTERS)
    mask = tracker.allowed(tracker.start(text, None)).mask
    return {character for character, is_allowed in zip(LETTERS.id_to_char, mask) if is_allowed}


def test_the_syllables_of_a_text() -> None:
    assert count_syllables("The rain, the holiday") == 6
    assert count_syllables("don't") == count_syllables("Don’t") == 1
    assert Rhymer().of_line("and I won’t") == Rhymer().of_line("and I won't") is not None
    assert count_syllables("") == 0
    assert count_syllables("the rain xqzt") is None


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("keep runnin' and 'til", "keep running and til"),
        ("goin’ home, 'cause", "going home, cause"),
        ("a naïve Café", "a naive cafe"),
        ("cafe\u0301", "cafe"),
        ("0, 7, 24, 100", "zero, seven, twenty four, one hundred"),
        ("365 of 9,999", "three hundred sixty five of nine thousand nine hundred ninety nine"),
        ("1989, 1905, 1900", "nineteen eighty nine, nineteen oh five, nineteen hundred"),
        ("2024, 2000, 2005", "twenty twenty four, two thousand, two thousand five"),
    ],
)
def test_words_are_counted_as_they_are_said(text: str, spoken: str) -> None:
    assert count_syllables(text) == count_syllables(spoken) is not None


def test_a_number_that_is_too_large_has_no_known_syllables() -> None:
    assert count_syllables("10000 nights") is None


def test_only_words_that_fit_are_spelled() -> None:
    assert allowed("rai", form="1s") >= {"n"}
    assert "山" not in allowed("", form="2s")
    assert {"A", "R", "a", "r"} <= allowed("", form="1s")
    assert not {" ", ",", "\n"} & allowed("rai", form="1s")
    assert "y" in allowed("rain", form="2s")
    assert "y" not in allowed("rain", form="1s")
    assert allowed("café", form="3s") == {" ", ","}
    assert allowed("runnin'", form="2s") == {",", "\n"}


def test_a_line_ends_with_its_last_syllable() -> None:
    assert allowed("rain", form="1s") & {"\n", " ", ","} == {"\n", ","}
    assert allowed("rain", form="2s") & {"\n", " ", ","} == {" ", ","}
    assert allowed("rain, rain", form="2s") & {"\n", " "} == {"\n"}


def test_a_prefix_with_other_syllables_is_refused() -> None:
    with pytest.raises(OptionError, match="does not have 1 syllables"):
        allowed("rain rain\n", form="1s,1s")


def test_a_model_of_another_script_is_refused() -> None:
    with pytest.raises(OptionError, match="knows no letters of English"):
        FormTracker.of(FormConfig(form="5s"), Vocabulary("\n山"))


def test_songs_of_a_model_that_knows_only_letters() -> None:
    toy = Toy("\n adenr", spread=0.5)
    for song in toy.songs(30, form="2s,1s", rhyme="AA"):
        first, second = song.split("\n")
        assert (count_syllables(first), count_syllables(second)) == (2, 1)
        assert Rhymer().classes_of_line(first) & Rhymer().classes_of_line(second)
