"""The songs of ``data/lyrics``, from which the base model learns."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.lyrics import Song, count, faults, read, rhymes, shared

LYRICS = Path(__file__).parents[1] / "data" / "lyrics"


@pytest.fixture(scope="module")
def files() -> dict[Path, list[Song]]:
    return {path: read(path) for path in sorted(LYRICS.glob("*.txt"))}


@pytest.fixture(scope="module")
def songs(files: dict[Path, list[Song]]) -> list[Song]:
    return [song for part in files.values() for song in part]


def test_every_theme_keeps_the_rules(files: dict[Path, list[Song]]) -> None:
    assert [fault for path, part in files.items() for fault in faults(path, part)] == []


def test_no_two_songs_share_a_title_or_ten_characters_in_a_row(songs: list[Song]) -> None:
    assert [title for title, times in Counter(song.title for song in songs).items() if times > 1] == []
    assert shared(songs) == []


def test_three_lines_of_four_are_distinct(songs: list[Song]) -> None:
    lines = [line for song in songs for line in song.lines]
    assert len(set(lines)) >= 0.75 * len(lines)


def test_most_songs_have_a_refrain_and_some_have_none(songs: list[Song]) -> None:
    without = sum(len(song.new_stanzas) == len(song.stanzas) for song in songs)
    assert 0.1 * len(songs) < without < 0.25 * len(songs)


def test_the_rules_find_what_is_wrong(tmp_path: Path) -> None:
    verse = ["我在路口等着你", "路灯照着一场雨", "手里拿着一封信", "心里想着那个夏"]
    (tmp_path / "a.txt").write_text("歌\n\n" + "\n".join(verse) + "\n\n\n歌\n\n" + "\n".join(verse * 6) + "\n", "utf-8")
    short, copy = read(tmp_path / "a.txt")
    assert [count(line) for line in verse] == [7, 7, 7, 7]
    found = "\n".join(faults(tmp_path / "a.txt", [short, copy]))
    assert "has 28 characters" in found
    assert "no two verses" in found
    assert "begin with 我在" not in found
    assert shared([short, copy]) == [("歌", "歌")]
    assert rhymes(["天上的光", "心里的伤", "明天的雨", "昨天的海"])
    assert not rhymes(["天上的光", "心里的爱", "明天的雨", "昨天的路"])
