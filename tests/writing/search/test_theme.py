from __future__ import annotations

import numpy as np
import pytest

from lyricgen.errors import OptionError
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.search import theme

SONGS = "\n\n".join(["雨伞你我\n你我来", "山上你我\n你我来", "rain山水\n月亮月亮", "山水rain\n我你来"] * 20 + ["龙"])
VOCABULARY = Vocabulary("".join(sorted({*SONGS, "天"})))
TEXT = VOCABULARY.encode(SONGS)


def weights(words: str) -> dict[str, float]:
    return dict(zip(VOCABULARY.id_to_char, theme.weights(words, VOCABULARY, TEXT)))


def test_company_has_weight_up_to_a_bound_and_letters_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    rain = weights("rain")
    assert rain["水"] > 0.1
    assert not any(rain[c] for c in "rain\n我\ufffd")
    monkeypatch.setattr(theme, "MAX_GAIN", 0.1)
    assert max(weights("rain").values()) == np.float32(0.1)


def test_of_several_words_the_closest_counts() -> None:
    both, rain, moon = weights("雨，月亮"), weights("雨"), weights("月亮")
    assert both == {c: max(rain[c], moon[c]) for c in both}
    assert rain != moon


@pytest.mark.parametrize(
    ("words", "problem"),
    [(" ,", "names no word"), ("天", "天 never occurs"), ("雨,月雨", "月雨 never occurs"), ("龙", "龙 is too rare")],
)
def test_words_without_company(words: str, problem: str) -> None:
    with pytest.raises(OptionError, match=f"^--theme: {problem}"):
        theme.weights(words, VOCABULARY, TEXT)


def test_a_model_without_text_has_no_themes() -> None:
    with pytest.raises(OptionError, match=r"^--theme: this checkpoint keeps no text; train it again with --keep-text$"):
        theme.weights("雨", VOCABULARY, None)


def test_what_was_just_written_gains_nothing() -> None:
    given = np.array([0.0, 1.0, 2.0, 3.0], np.float32)
    recent = np.full((2, theme.RECENT + 1), -1)
    recent[0, 0], recent[1, -2:] = 3, [1, 3]
    np.testing.assert_array_equal(theme.gains(given, recent), [[0, 1, 2, 3], [0, 0, 2, 0]])
