from __future__ import annotations

from lyricgen.text.prompt import line_start, normalise_prompt, split_words
from lyricgen.text.vocabulary import Vocabulary

LINES, SPACES = Vocabulary("\n ab"), Vocabulary(" ab")


def test_where_line_ends_became_spaces_a_song_begins_after_a_space() -> None:
    assert line_start(SPACES) == " "
    assert line_start(LINES) == "\n"
    assert normalise_prompt(SPACES, "a\r\nb") == "a b"
    assert normalise_prompt(LINES, "a\r\nb") == "a\nb"


def test_words_are_parted_by_commas_of_both_kinds_and_by_spaces() -> None:
    assert split_words(SPACES, " 雨，夜, 海;家\n") == ["雨", "夜", "海", "家"]
    assert split_words(SPACES, " ,，") == []
