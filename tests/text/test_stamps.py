from __future__ import annotations

import pytest

from lyricgen.text.cleaning import Removed
from lyricgen.text.stamps import doubtful, in_order, read_line


def ordered(text: str) -> list[list[str]]:
    return list(in_order(text))


@pytest.mark.parametrize(
    "stamp",
    [
        "[00:16.74]",
        "[00:16.74] ",
        "[00:16.74]\t",
        "[00:16.74]\u3000",
        "[0:16]",
        "[00:16:74]",
        "[00:16,74]",
        "[00:16.740]",
        "[ 00:16.74 ]",
        "[00:16.74-1]",
        "［00:16.74］",
        "【00:16.74】",
        "[0:00:16.74]",
        " [00:16.74]",
    ],
)
def test_every_form_of_a_stamp(stamp: str) -> None:
    line = read_line(f"{stamp}风从窗口来")
    assert line.words == "风从窗口来"
    assert line.seconds[0] in (16.0, 16.74)
    assert not list(doubtful(stamp))


def test_hours_count() -> None:
    assert read_line("[1:12:04.29]山").seconds == (3600 + 12 * 60 + 4.29,)


def test_words_of_letters_keep_a_space_and_chinese_characters_none() -> None:
    assert read_line("[00:01.00]soft <00:01.40> rain <00:01.90> falls").words == "soft rain falls"
    assert read_line("[00:01.00]soft<00:01.40>rain").words == "soft rain"
    assert read_line("[00:01.00]山<00:01.40>上 <00:01.90>的雨").words == "山上的雨"
    assert read_line("[00:01.00]山[00:01.40]上").words == "山上"


def test_a_time_that_is_sung_stays() -> None:
    assert read_line("我等到[12:30]还没来").words == "我等到[12:30]还没来"
    assert read_line("[00:10.00]我等到[12:30]还没来").words == "我等到[12:30]还没来"


def test_lines_without_a_stamp_stay_behind_the_line_before() -> None:
    assert ordered("[00:01.00]甲\n乙\n[00:05.00]丙") == [["甲", "乙", "丙"]]
    assert ordered("[00:05.00]丙\n丁\n[00:01.00]甲\n乙") == [["甲", "乙", "丙", "丁"]]


def test_a_line_comes_as_often_as_it_has_stamps() -> None:
    assert ordered("[00:15.5][01:02.00]副\n[00:20.0]主\n[00:30.00]桥") == [["副", "主", "桥", "副"]]


def test_blank_lines_and_empty_stamps_end_stanzas() -> None:
    assert ordered("[00:01.00]甲\n\n[00:05.00]乙\n[00:07.00]\n[00:09.00]丙") == [["甲", "", "乙", "", "丙"]]
    cleared = "\n".join(f"[00:0{second}.00]{'甲' if second % 2 else ''}" for second in range(1, 9))
    assert ordered(cleared) == [["甲"] * 4], "stamps that clear the screen are no stanzas"


def test_several_songs_in_one_file() -> None:
    song = "\n".join(
        f"[0{minute}:{second:02}.00]{minute}{second}" for minute in range(2) for second in range(10, 60, 10)
    )
    first, second = ordered(f"{song}\n{song}")
    assert first == second
    titled = ordered("[ti:a]\n[00:01.00]甲\n[00:09.00]乙\n[ti:b]\n[00:01.00]丙")
    assert titled == [["[ti:a]", "甲", "乙"], ["[ti:b]", "丙"]]


def test_what_is_not_understood_is_doubtful() -> None:
    assert list(doubtful("[笑]\n [12.30]山\n山[12.30]\n[00:01.0.0]山\n[00:01.00]山")) == ["[12.30]山", "[00:01.0.0]山"]


@pytest.mark.parametrize(
    "stamp",
    ["[00:03.5000]", "[00:03;50]", "[00:03。50]", "(00:03.50)", "（00:03.50）", "{00:03.50}", "〔00:03.50〕",
     "[+00:03.50]", "[00:03.50-00:06.00]", "[00:03.50,00:06.00]"],
)  # fmt: skip
def test_rarer_forms_of_a_stamp(stamp: str) -> None:
    assert ordered(f"[00:09.00]夜\n{stamp}海边的灯") == [["海边的灯", "夜"]]


@pytest.mark.parametrize("line", ["[-00:03.50]海", "00:03.50 海", "[00:03/50]海", "[00'03.50]海", "[00:03.50海"])
def test_what_is_no_stamp_but_looks_like_one_is_named(line: str) -> None:
    dropped = Removed()
    list(in_order(f"[00:01.00]山\n{line}\n[00:09.00]夜", dropped=dropped))
    assert dropped.doubtful == [line]


@pytest.mark.parametrize(
    "text",
    [
        "[2600,2000]<0,500,0>海<500,500,0>边\n[500,2000]<0,500,0>山<500,500,0>上",
        "[2600,2000]海(2600,300)边(2900,200)\n[500,2000]山(500,500)上(1000,500)",
        "[2600,2000](2600,300,0)海(2900,200,0)边\n[500,2000](500,500,0)山(1000,500,0)上",
        "海边[00:03.00]\n山上[00:01.00]",
    ],
)
def test_stamps_in_milliseconds_and_behind_the_words(text: str) -> None:
    assert ordered(text) == [["山上", "海边"]]


def test_korean_words_keep_their_spaces_and_marks_have_none_before_them() -> None:
    assert read_line("[00:01.00]<00:01.00>바<00:01.20>람이 <00:01.40>분다").words == "바람이 분다"
    assert read_line("[00:01.00]I <00:01.20>know<00:01.90>,<00:02.40>now").words == "I know, now"


def test_a_line_end_at_the_end_of_a_file_is_no_break() -> None:
    assert ordered("[00:05.00][00:15.00]副\n[00:10.00]乙\n") == [["副", "乙", "副"]]


def test_a_line_without_a_stamp_comes_as_often_as_the_one_before() -> None:
    assert ordered("[00:01.00][00:20.00]副\n续\n[00:10.00]乙") == [["副", "续", "乙", "副", "续"]]


def test_two_empty_stamps_make_one_break_and_one_beside_words_none() -> None:
    assert ordered(
        "[00:01.00]甲\n[00:01.00]\n[00:02.00]乙\n[00:03.00]\n[00:04.00]\n[00:05.00]丙\n[00:06.00]丁\n[00:07.00]戊"
    ) == [["甲", "乙", "", "丙", "丁", "戊"]]


def song_from(first: int, words: str) -> str:
    return "\n".join(f"[{second // 60:02}:{second % 60:02}.00]{words}{second}" for second in range(first, 180, 10))


def test_where_another_song_begins() -> None:
    assert len(ordered("[00:10.00]甲\n[00:20.00]乙\n\n\n[00:05.00]丙\n[00:15.00]丁")) == 2, "two blank lines"
    assert len(ordered(f"{song_from(35, '山')}\n{song_from(36, '海')}")) == 2, "a late beginning"
    assert len(ordered(f"{song_from(60, '山')}\n[00:10.00]序\n[00:20.00]序二")) == 1, "what fills the time before"
    translated = list(in_order(f"{song_from(10, 'rain ')}\n{song_from(10, '雨在下')}", keep_translations=False,
                               dropped=Removed()))  # fmt: skip
    assert [len(song) for song in translated] == [17], "a translation behind the song"


def test_a_song_in_one_line_of_stamps_has_lines() -> None:
    line = "".join(f"[00:{second}.00]山路上有风{second}" for second in range(10, 40, 3))
    assert ordered(line) == [[f"山路上有风{second}" for second in range(10, 40, 3)]]


def test_lines_of_chinese_characters_only_are_translated_too() -> None:
    pairs = [
        ("夜の風", "夜里的风"),
        ("家路", "回家的路"),
        ("海の灯", "海上的灯"),
        ("旧街", "旧的街"),
        ("あした", "明天"),
    ]
    text = "\n".join(f"[00:1{n}.00]{one}\n[00:1{n}.00]{two}" for n, (one, two) in enumerate(pairs))
    assert list(in_order(text, keep_translations=False, dropped=Removed())) == [[one for one, _ in pairs]]
