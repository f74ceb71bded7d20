"""What a text is like at each character."""

from __future__ import annotations

import numpy as np
import pytest

from lyricgen.inspection.features import BLANK, END, PLACE, REFRAIN, RHYME, features

SONG = "雨，中\n山上的风\n雨，中\n\n风\n"


def test_features_of_a_song() -> None:
    found = features(SONG)
    expected = {
        PLACE: [1, 1, 2, 0, 1, 2, 3, 4, 0, 1, 1, 2, 0, 0, 1, 0],
        END: [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0],
        REFRAIN: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0],
        BLANK: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 1],
        RHYME: [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],  # 中 zhong, 风 feng; 风 after the blank line with none
    }
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].tolist() == values, name


def test_english_rhymes_begin_before_the_word() -> None:
    text = "in the night\nso bright"
    assert np.flatnonzero(features(text)[RHYME]).tolist() == [text.index("bright") - 1]
    for text in ("you said I won’t!\nand now I don’t ...\nx", "İİ won't\nİİİ now I don't"):
        (place,) = np.flatnonzero(features(text)[RHYME])
        assert text[place + 1 :].startswith("don")


def test_what_never_changes_is_left_out() -> None:
    assert set(features("雨雨")) == {PLACE, BLANK}
    assert set(features("雨落 雨落", separator=" ")) == {PLACE, END, REFRAIN, BLANK, RHYME}
    assert set(features("，")) == set()


@pytest.mark.parametrize("text", ["\n", "\n\n雨", "雨\n\n\n", "e\u0301\n🌧", " \n 雨"])
def test_every_text_has_features(text: str) -> None:
    assert all(len(values) == len(text) for values in features(text).values())


def test_a_refrain_returns_in_another_stanza_of_its_song() -> None:
    assert features("山上\n\n山上\n\n\n山上\n")[REFRAIN].tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    assert REFRAIN not in features("山上\n\n山上\n")
