from __future__ import annotations

import pytest
from support.checker import broken
from support.songs import songs

from lyricgen.errors import FileError, OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.form.reader import SongForm, read_form

SONG = """\
门口的石头又长高
雨还没有来
我在这里等 一天
等一个 人来

别问 别问
风自己会说

门口的石头又长高
雨还没有来
我在那里等 一年
等一个 人来

别问 别问
风自己会说
"""


def read(text: str, **asked: bool) -> SongForm:
    return read_form(text, name="song.txt", **asked)


def test_the_form_of_a_song() -> None:
    options = read(SONG).options
    assert options["form"] == "8,5,7,5/4,5/8,5,7,5/4,5"
    assert options["repeats"] == "7-8=1-2,10-12=4-6"
    assert options["rhyme"] == "-A-A--------"
    assert options["rhyme_identical"]
    assert "tones" not in options


def test_what_was_found_in_words() -> None:
    found = read(SONG, tones=True).found
    assert found == [
        "lines       12, 4 to 8 characters each",
        "returns     section 3 is section 1 nearly (3 of 4 lines); section 4 is section 2",
        "rhyme       2 of 12 lines: -A-A--------",
        "tones       those of each line that does not return",
    ]


def test_the_tones_of_a_song() -> None:
    assert read("我们都在\n了 a 山", tones=True).options["tones"] == "z*pz,**p"
    assert read("山\n山", tones=True).options["tones"] == "p,."


def test_schemes_in_parts_and_near_rhymes() -> None:
    assert read("光\n香\n天\n山\n水\n风\n梦").options["rhyme"] == "AA/AA-/AA"
    assert read("人\n梦\n天\n床").options == {"form": "1,1,1,1", "rhyme": "AA/AA", "rhyme_near": True}
    assert "rhyme" not in read("光\n水\n家\n书").options


def test_english_songs_are_measured_by_syllables() -> None:
    options = read("The rain is on the window\nand nobody will say\n\nxqzt").options
    assert options == {"syllables": "7,6/*"}


@pytest.mark.parametrize(
    "given",
    [{"line_length": 5}, {"rhyme": "AABB"}, {"structure": "AB", "lines": 2}, {"form": "5,5"}, {"lines": 3}, {}],
    ids=str,
)
def test_given_options_take_the_place_of_a_template_s(given: dict[str, object], counted: Checkpoint) -> None:
    options = read(SONG).with_options(given)
    assert given.items() <= options.items()
    for song in songs(counted, options, samples=2):
        assert not broken(song, **options)


def test_songs_take_the_form_and_the_tones_over(counted: Checkpoint) -> None:
    options = read(SONG, tones=True).options
    for song in songs(counted, options, samples=3):
        assert not broken(song, **options)
        assert read(song).options["form"] == options["form"]


def test_a_text_without_lines_is_refused() -> None:
    with pytest.raises(FileError, match=r"song\.txt: has no line"):
        read("…\n。")


@pytest.mark.parametrize("given", [{"line_length": 7}, {"syllables": "4,4"}])
def test_tones_that_have_no_place_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="--tones: has no effect"):
        read(SONG, tones=True).with_options({**given, "tones": "like"})
