from __future__ import annotations

import pytest

from lyricgen.text import songs
from lyricgen.text.songs import Song

LONG = [f"这是第{number}行的词" for number in range(12)]


@pytest.mark.parametrize(
    ("text", "songs_in_it"),
    [
        ("甲\n乙\n\n丙\n\n\n丁", ["甲\n乙\n\n丙", "丁"]),
        ("\n".join(LONG) + "\n\n" + "\n".join(LONG), ["\n".join(LONG)] * 2),
        ("[Verse]\n" + "\n".join(LONG[:8]) + "\n\n[Chorus]\n" + "\n".join(LONG[:8]), 1),
        ("甲\n乙\n\n丙\n丁\n\n戊", 1),
        ("甲\n乙", 1),
        ("\n \n", []),
    ],
)
def test_the_text_tells_what_separates_its_songs(text: str, songs_in_it: list[str] | int) -> None:
    assert list(songs.split(text)) == ([text] if songs_in_it == 1 else songs_in_it)


def test_songs_keep_one_blank_line_between_stanzas() -> None:
    text = "\n甲\n乙\n \n丙\n\n\n\n 丁\n\n"
    assert list(songs.split(text, "two-blanks")) == ["甲\n乙\n\n丙", " 丁"]
    assert list(songs.split(text, "blank")) == ["甲\n乙", "丙", " 丁"]
    assert list(songs.split(text, "file")) == ["甲\n乙\n\n丙\n\n 丁"]


def test_a_song_in_one_long_line_is_unfolded_and_no_other_line() -> None:
    phrases = [f"这是一句{number}歌词" for number in range(60)]
    assert songs.unfold([" ".join(phrases)]) == phrases
    for line in ("短的 一行", "字" * 500, "a long line of english words " * 20):
        assert songs.unfold([line]) == [line]


def test_exact_copies_go_whatever_their_spaces_and_marks() -> None:
    one, other = Song(0, ("山上的雨，", "", "雨落")), Song(1, ("山上的雨", "雨 落！"))
    kept, copies = songs.without_copies([one, other, Song(1, ("别的",))])
    assert (kept, copies) == ([one, Song(1, ("别的",))], 1)


def test_songs_that_share_most_of_their_lines_are_one_group() -> None:
    first = Song(0, tuple(LONG))
    live = Song(0, ("现场的版本今晚开始", *LONG[:10], "谢谢大家"))
    other = Song(0, tuple(f"另外一首歌的{number}" for number in range(12)))
    assert songs.groups([first, other, live]) == [0, 1, 0]


def test_what_a_collection_adds_to_many_songs_goes() -> None:
    many = [Song(0, (f"{chr(0x4E00 + n)}开头", f"{chr(0x4E00 + n)}第二句", "...", f"({1000 + n})")) for n in range(40)]
    kept, added = songs.without_boilerplate(many)
    assert [song.lines for song in kept] == [song.lines[:2] for song in many]
    assert added == {"...": 40, "(1000)": 40}
    assert songs.without_boilerplate(many[:4]) == (many[:4], {})


def test_a_third_line_that_a_collection_adds_goes_too() -> None:
    many = [Song(0, (f"{chr(0x4E00 + n)}开头", f"{chr(0x4E00 + n)}第二句", "...", "***", f"({n})")) for n in range(40)]
    assert [song.lines for song in songs.without_boilerplate(many)[0]] == [song.lines[:2] for song in many]


def test_copies_of_a_song_do_not_make_its_lines_those_of_a_collection() -> None:
    others = [Song(0, (f"{chr(0x4E00 + n)}开头", f"{chr(0x4E00 + n)}结尾")) for n in range(40)]
    assert songs.without_boilerplate([*others, *[Song(0, tuple(LONG))] * 20])[1] == {}


def test_grouping_is_linear() -> None:
    """A line that all songs share is compared with a few of them only."""
    many = [Song(0, ("同样的一句歌词", f"不同的第{n}句歌词", f"不同的第{n}句结尾")) for n in range(20_000)]
    assert len(set(songs.groups(many))) == 20_000


def test_what_separates_songs_is_told_by_the_text() -> None:
    assert songs.separator_of("山\n\n水\n\n\n月") == songs.SONG
    assert songs.separator_of("山\n\n水\n月") == songs.STANZA
    assert songs.separator_of("山  水   月", " ") == "   "


def block(first: int, lines: int) -> str:
    return "\n".join(f"第{chr(0x4E00 + number)}行的山路和风" for number in range(first, first + lines))


def test_titles_between_song_sized_blocks_belong_to_the_songs_behind_them() -> None:
    text = "\n\n".join(f"歌{number}\n\n{block(20 * number, 12)}" for number in range(4))
    assert list(songs.split(text)) == [f"歌{number}\n\n{block(20 * number, 12)}" for number in range(4)]


def test_one_stray_pair_of_blank_lines_does_not_join_songs() -> None:
    text = "\n\n".join(block(20 * number, 12) for number in range(9))
    assert len(list(songs.split(f"{text}\n\n\n{text}"))) == 18


def test_rules_between_songs_separate_them() -> None:
    assert list(songs.split(f"{block(0, 12)}\n-----\n{block(20, 12)}")) == [block(0, 12), block(20, 12)]
    assert len(list(songs.split("甲\n乙\n---\n丙\n丁"))) == 1


def test_a_blank_line_after_each_line_is_no_stanza() -> None:
    text = "\n\n".join("甲乙丙丁戊己庚辛") + "\n\n\n\n" + "\n\n".join("天地玄黄宇宙洪荒")
    assert list(songs.split(text)) == ["\n".join("甲乙丙丁戊己庚辛") + "\n\n" + "\n".join("天地玄黄宇宙洪荒")]


@pytest.mark.parametrize("mark", [" / ", "|", "／"])
def test_a_song_in_one_line_is_split_at_its_marks(mark: str) -> None:
    phrases = [f"这是一句{number}歌词" for number in range(60)]
    assert songs.unfold([mark.join(phrases)]) == phrases


def test_an_english_song_in_one_line_is_split_at_wide_gaps() -> None:
    phrases = [f"soft rain falls on stone {number}" for number in range(20)]
    assert songs.unfold(["  ".join(phrases)]) == phrases


def test_an_excerpt_and_a_medley_belong_to_their_songs() -> None:
    one, two = (tuple(block(first, 20).split("\n")) for first in (0, 100))
    assert songs.groups([Song(0, one[:8]), Song(0, one)]) == [0, 0]
    assert songs.groups([Song(0, one), Song(0, two), Song(0, one + two)]) == [0, 0, 0]
    assert songs.groups([Song(0, one[:1]), Song(0, (one[0], *two))]) == [0, 1]


def test_versions_of_one_song_do_not_make_its_first_line_the_collections() -> None:
    versions = [Song(0, (*block(0, 20).split("\n"), f"谢谢第{chr(0x4E00 + number)}场的大家")) for number in range(12)]
    others = [Song(0, tuple(block(100 * number, 20).split("\n"))) for number in range(1, 30)]
    assert songs.without_boilerplate([*versions, *others])[1] == {}


def test_a_line_of_the_collection_behind_a_title_goes() -> None:
    written = [Song(0, (f"歌{chr(0x4E00 + n)}", "山路词库整理", *block(100 * n, 9).split("\n"))) for n in range(20)]
    kept, gone = songs.without_boilerplate(written)
    assert gone == {"山路词库整理": 20}
    assert kept[0].lines[:2] == ("歌一", "第一行的山路和风")
