from __future__ import annotations

import pytest
from support.checker import broken
from support.songs import songs

from lyricgen.errors import FileError, OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.form.lines import parse
from lyricgen.writing.form.song import SongForm, read_form

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


def read(text: str, name: str = "song.txt", **asked: bool) -> SongForm:
    return read_form(text, name=name, **asked)


def form_of(text: str, name: str = "song.txt", **asked: bool) -> str:
    return str(read(text, name, **asked).form)


def test_the_form_of_a_song() -> None:
    assert read(SONG) == (parse("8,5A,5+2,3+2A/2+2,5/=1-2,5+2,=4/=5-6"), {"rhyme_identical": True})


def test_the_tones_of_a_song() -> None:
    assert form_of("我们都在\n了 a 山", tones=True) == "仄中平仄,中+中+平"
    assert form_of("山\n山", tones=True) == "平,=1"


def test_rhymes_are_those_of_lines_near_each_other() -> None:
    assert form_of("光\n香\n天\n山\n水\n风\n梦") == "1A,1A,1B,1B,1,1C,1C"
    assert read("人\n梦\n天\n床") == (parse("1A,1A,1B,1B"), {"rhyme_by": "near"})
    assert form_of("光\n水\n家\n书") == "1,1,1,1"
    assert form_of("光\n水\n家\n香\n书\n火\n鼻\n亮") == "1A,1,1,1A,1,1,1,1"


def test_english_songs_are_measured_by_syllables() -> None:
    assert form_of("The rain is on the window\nand nobody will say\n\nxqzt") == "7s,6s/*"


@pytest.mark.parametrize("title", ["稻香", "《大雨》", "大雨 - 我们", "《大雨》\n我们", "门外\n\n"])
def test_a_title_is_not_sung(title: str) -> None:
    assert form_of(f"{title}\n\n{SONG}", name="稻香.txt") == form_of(SONG)


def test_what_stands_in_brackets_and_translations_are_not_sung() -> None:
    assert form_of(SONG.replace("别问\n", "别问（别问 别问）\n(oh oh)\n")) == form_of(SONG)
    pairs = [f"{line}\nIt is a line" if line else "" for line in SONG.split("\n")]
    assert form_of("\n".join(pairs)) == form_of(SONG)


def test_only_pauses_between_what_is_counted_count() -> None:
    assert form_of("“我们”，我们。\n说 oh my 你——们") == "2+2A,1+4+1+1A"


def test_a_long_song_is_read_in_time_proportional_to_it() -> None:
    verse = "\n".join(f"{number} 山上有雨" for number in range(12_000))
    form = read(f"{verse}\n\n{verse}").form
    assert (len(form.lines), str(form).split("/")[-1]) == (24_000, "=1-12000")


@pytest.mark.parametrize(
    "given",
    [{"line_length": 5}, {"rhyme": "AABB"}, {"structure": "VC", "lines": 2}, {"lines": 3}, {"acrostic": "我的"}, {}],
    ids=str,
)
def test_given_options_take_the_place_of_parts_of_the_form(given: dict[str, object], counted: Checkpoint) -> None:
    options = read(SONG).options(given)
    assert given.items() <= options.items()
    for song in songs(counted, options, samples=2):
        assert not broken(song, **options)
        if not given:
            assert [line.length for line in read(song).form.lines] == [line.length for line in read(SONG).form.lines]


def test_a_second_form_is_refused() -> None:
    with pytest.raises(OptionError, match="--form: --like gives the form already"):
        read(SONG).options({"form": "7"})


def test_songs_take_the_tones_over(counted: Checkpoint) -> None:
    form = form_of(SONG, tones=True)
    for song in songs(counted, {"form": form, "rhyme_identical": True}, samples=2):
        assert not broken(song, form=form, rhyme_identical=True)


def test_a_text_without_lines_is_refused() -> None:
    with pytest.raises(FileError, match=r"song\.txt: has no line"):
        read("…\n。")
