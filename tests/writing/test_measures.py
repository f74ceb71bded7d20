from __future__ import annotations

import pytest

from lyricgen.writing import measures


def test_distinct_counts_different_grams_within_lines() -> None:
    assert measures.distinct(["abab"], 1) == 0.5
    assert measures.distinct(["abab"], 2) == pytest.approx(2 / 3)
    assert measures.distinct(["ab\nba"], 2) == 1, "no pair goes over a line end"
    assert measures.distinct(["", "a"], 2) == 0


def test_lines_repeated_in_their_own_song() -> None:
    assert measures.repeated_lines(["山\n雨\n 山\n\n山", "山"]) == pytest.approx(2 / 5)
    assert measures.repeated_lines([""]) == 0


def test_line_lengths_and_their_distance() -> None:
    lengths = measures.line_lengths(["山雨\n\n我们不\n", "山雨"])
    assert lengths == {2: 2, 3: 1}
    assert measures.mean_length(lengths) == pytest.approx(7 / 3)
    assert measures.distance(lengths, lengths) == 0
    assert measures.distance(lengths, measures.line_lengths(["长长长长长"])) == 1
    assert measures.distance(lengths, measures.line_lengths(["山雨"])) == pytest.approx(1 / 3)


def test_stanzas_of_a_corpus_that_has_two_blank_lines_are_not_songs() -> None:
    assert measures.split_corpus("山\n\n水\n\n\n月\n") == ["山\n\n水", "月\n"]
    assert measures.split_corpus("山\n\n水\n") == ["山", "水\n"]
