from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.text.copies import CopyFinder, CopyIndex

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
    (found,) = CopyIndex(text, length).followers(context[None])
    assert sorted(found) == wanted


@given(IDS, IDS)
def test_the_longest_copy(text: np.ndarray, song: np.ndarray) -> None:
    copied = CopyFinder(_text(text)).longest(_text(song))
    assert copied in _text(song)
    assert copied in _text(text)
    length = len(copied)
    longer = (_text(song[at : at + length + 1]) for at in range(len(song) - length))
    assert not any(stretch in _text(text) for stretch in longer)


@pytest.mark.parametrize(
    ("song", "copied"),
    [("abXcde", "cde"), ("XYZ", ""), ("", ""), ("cdeab", "cde"), ("abcdef", "abcdef"), ("fab", "ab")],
)
def test_the_first_of_the_longest_copies(song: str, copied: str) -> None:
    assert CopyFinder("abcdef").longest(song) == copied
