from __future__ import annotations

from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import Vocabulary

LINES, SPACES = Vocabulary("\n ab"), Vocabulary(" ab")


def test_where_line_ends_became_spaces_a_song_begins_after_a_space() -> None:
    assert line_start(SPACES) == " "
    assert line_start(LINES) == "\n"
    assert normalise_prompt(SPACES, "a\r\nb") == "a b"
    assert normalise_prompt(LINES, "a\r\nb") == "a\nb"
