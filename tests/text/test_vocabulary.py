from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.text.vocabulary import UNKNOWN, UNKNOWN_CHARACTER, Census, Vocabulary, code_points

REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # are shown as unknown
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=REORDERING))


@given(texts)
def test_what_is_encoded_comes_back(text: str) -> None:
    vocabulary = Vocabulary.of(code_points(text))
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert vocabulary.characters == "".join(sorted(set(text)))


@given(texts, texts)
def test_strangers_become_the_unknown_character(known: str, other: str) -> None:
    vocabulary = Vocabulary.of(code_points(known))
    expected = "".join(character if character in known else UNKNOWN_CHARACTER for character in other)
    assert vocabulary.decode(vocabulary.encode(other)) == expected
    assert vocabulary.unknown_in(other) == "".join(dict.fromkeys(c for c in other if c not in known))


def test_ids_are_sorted_and_begin_after_the_unknown_one() -> None:
    vocabulary = Vocabulary.of(code_points("ba\n分b"))
    assert vocabulary.encode("\nab分?").tolist() == [1, 2, 3, 4, UNKNOWN]
    assert len(vocabulary) == 5


@given(st.lists(st.text()))
def test_a_census_numbers_characters_as_they_come(pieces: list[str]) -> None:
    census = Census()
    for piece in pieces:
        numbers = census.number(piece)
        np.testing.assert_array_equal(census.codes[numbers], code_points(piece))
    assert len(set(census.codes.tolist())) == len(census.codes) == len(set("".join(pieces)))


def test_a_census_stays_narrow() -> None:
    census = Census()
    assert census.number("abca").dtype == np.uint8
    assert census.number("".join(map(chr, range(0x4E00, 0x4E00 + 300)))).dtype == np.uint16
    assert census.number("abca").tolist() == [0, 1, 2, 0]


def test_lone_surrogates_are_unknown() -> None:
    assert Vocabulary("ab").encode("a\ud800").tolist() == [1, UNKNOWN]


def test_unsorted_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        Vocabulary("ba")


@pytest.mark.parametrize(("size", "dtype"), [(3, np.uint8), (300, np.uint16), (70_000, np.uint32)])
def test_ids_take_the_narrowest_type(size: int, dtype: type) -> None:
    characters = "".join(map(chr, [*range(32, 0xD800), *range(0xE000, 0x1FFFF)][:size]))
    assert Vocabulary(characters).encode("a").dtype == dtype
