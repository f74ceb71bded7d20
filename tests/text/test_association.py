from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from lyricgen.text.association import ADDED, SHIFT, Association
from lyricgen.text.vocabulary import Vocabulary

RAIN, HILL, LATE = "雨伞雨伞\n伞下你\n你我\n我来\n雨伞雨伞", "你我山\n山上我\n我你", "雨来你\n我你我\n山山"
SONGS = "\n\n".join([*[RAIN] * 9, *[HILL] * 20, *[LATE] * 9])
VOCABULARY = Vocabulary("".join(sorted(set(SONGS) | {"月"})))


def counted(text: str) -> Association:
    return Association(VOCABULARY.encode(text), int(VOCABULARY.encode("\n")[0]), len(VOCABULARY))


def with_word(word: str, text: str = SONGS) -> dict[str, float]:
    found = counted(text).with_word(VOCABULARY.encode(word))
    assert found is not None
    return dict(zip(VOCABULARY.id_to_char, found))


def expected(near: str, elsewhere: str) -> dict[str, float]:
    """By the formula, character by character."""
    joint, whole = Counter(near), Counter(near + elsewhere)
    by_chance = {c: whole[c] * len(near) / len(near + elsewhere) for c in VOCABULARY.id_to_char}
    quotient = {c: (joint[c] + ADDED) / (by_chance[c] + ADDED) for c in by_chance}
    return {c: max(math.log(each / SHIFT), 0) for c, each in quotient.items()}


def test_company_is_what_stands_in_the_line_and_beside_it_in_the_same_song_once() -> None:
    rain = expected(("雨伞雨伞伞下你我来" + "雨来你我你我") * 9, ("你我" + "山山") * 9 + "你我山山上我我你" * 20)
    assert with_word("雨") == pytest.approx(rain)
    assert all(rain[c] > 0 for c in "雨伞下来")
    below = expected("雨伞雨伞伞下你你我" * 9, ("我来" + "雨来你我你我山山") * 9 + "你我山山上我我你" * 20)
    assert with_word("伞下") == pytest.approx(below)


def test_what_is_everywhere_or_was_met_by_chance_gets_nothing() -> None:
    text = "\n\n".join([*["雨伞你我\n你我来"] * 20, *["山上你我\n你我来"] * 80, "雨月"])
    found = with_word("雨", text)
    assert found["雨"] > 0.8
    assert found["伞"] > 0.8
    assert [found[c] for c in "你我来\n山月"] == [0] * 6


def test_a_word_that_does_not_occur() -> None:
    assert counted(SONGS).with_word(VOCABULARY.encode("月")) is None
    assert counted(SONGS).with_word(VOCABULARY.encode("雨山")) is None
    assert counted("山").with_word(VOCABULARY.encode("山山")) is None


def test_songs_are_told_apart_wherever_the_blank_lines_are() -> None:
    for text in ("\n\n雨\n\n\n山山山山\n", "雨\n\n山山山山", "雨", "\n雨"):
        assert not with_word("雨", text)["山"]
    assert np.isfinite(list(with_word("雨", "雨\n").values())).all()


def test_a_line_that_returns_in_another_stanza_counts_once() -> None:
    once, twice = "雨伞\n\n你\n\n\n" * 9, "雨伞\n\n雨伞\n\n你\n\n\n" * 9
    others = "山上\n\n\n" * 9
    assert with_word("雨", once + others)["伞"] > 0
    assert with_word("雨", twice + others) == pytest.approx(with_word("雨", once + others))
