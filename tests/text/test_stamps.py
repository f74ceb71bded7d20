from __future__ import annotations

import pytest

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
