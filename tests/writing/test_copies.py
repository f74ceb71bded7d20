from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.writing.copies import CopyIndex, longest_copy
from lyricgen.writing.repetition import penalise, would_repeat

IDS = st.lists(st.integers(0, 3), max_size=40).map(lambda ids: np.array(ids, np.uint16))


def _text(ids: np.ndarray) -> str:
    return "".join(map(str, ids))


@given(IDS, IDS, st.integers(1, 6))
def test_followers_are_those_of_every_occurrence(text: np.ndarray, song: np.ndarray, length: int) -> None:
    context = song[:length].astype(np.int64)
    if len(context) < length:
        return
    wanted = sorted(
        int(text[at + length]) for at in range(len(text) - length) if _text(text[at : at + length]) == _text(context)
    )
    assert sorted(CopyIndex(text, length).followers(context)) == wanted


@given(IDS, IDS)
def test_the_longest_copy(text: np.ndarray, song: np.ndarray) -> None:
    copied = longest_copy(_text(song), _text(text))
    assert copied in _text(song)
    assert copied in _text(text)
    length = len(copied)
    longer = (_text(song[at : at + length + 1]) for at in range(len(song) - length))
    assert not any(stretch in _text(text) for stretch in longer)


def test_what_would_repeat() -> None:
    assert would_repeat(["春天来", "天，上"], "春", 2) == {"天"}
    assert would_repeat(["春天来", "天，上"], "白天", 2) == {"来", "上"}
    assert would_repeat(["春天来"], "", 1) == {"春", "天", "来"}
    assert would_repeat([], "啦啦", 2) == {"啦"}
    assert would_repeat(["春天来"], "春", 3) == set()


def test_a_penalty_divides_probabilities_whatever_the_offset_of_the_logits() -> None:
    logits = np.array([[0.0, -2.0, 1.0, -5.0]], np.float32)
    recent, sung = np.array([[-1, 1, 3, 1]]), np.array([False, True, True, False])
    for offset in (0, -100, 100):
        changed = penalise(logits + np.float32(offset), recent, sung, 2.0) - np.float32(offset)
        np.testing.assert_allclose(np.exp(changed - logits), [[1, 0.5, 1, 1]], rtol=1e-4)
