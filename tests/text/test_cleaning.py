from __future__ import annotations

import pytest

from lyricgen.text import corpus
from lyricgen.text.cleaning import Removed, clean, in_order_of_time, is_credit

LRC = """[ti:一首歌]
[ar:某人]
[offset:+500]
[00:00.00]作词：某人
[00:12.50]山上的雨
[00:15.5][01:02.00]我们不分开
[00:20:10]雨<00:21.00>落在<00:22.10>山上
[00:25.00]
[00:30.00]分开以后
"""


@pytest.mark.parametrize(
    "line",
    [
        "作词：某人",
        "作曲 : 某人",
        "词/曲：某人",
        "词：某人  曲：某人",
        "编曲: A/B",
        "制作人：某人",
        "作词 某人",
        "作詞：某人",
        "混音师(Mix)：某人",
        "作曲（Composer）：某人",
        "Lyrics by Some One",
        "Written by A & B",
        "Music: Somebody",
        "Produced By X",
        "录音室：某处",
        "吉他：某人",
        "Lyrics and music by X",
    ],
)
def test_credits(line: str) -> None:
    assert is_credit(line)
    removed = Removed()
    assert clean(f"山\n{line}\n雨\n", removed) == "山\n雨\n"
    assert removed == Removed(credits=1)
    assert clean(f"山\n{line}\n雨\n", removed, keep_credits=True) == f"山\n{line}\n雨\n"


@pytest.mark.parametrize(
    "line",
    [
        "[Verse 1]",
        "[Chorus]",
        "[Pre-Chorus: Someone]",
        "(Bridge)",
        "Chorus:",
        "副歌：",
        "【主歌】",
        "[主歌A]",
        "间奏：",
        "(副歌)",
        "副歌 x2:",
    ],
)
def test_section_marks(line: str) -> None:
    removed = Removed()
    assert clean(f"山\n{line}\n雨\n", removed, keep_credits=True) == "山\n雨\n"
    assert removed == Removed(sections=1)


@pytest.mark.parametrize(
    "line",
    [
        "我说：你来",
        "词不达意",
        "曲终人散",
        "你的副歌唱完了",
        "他作词 我唱歌的夜",
        "编曲的人走了",
        "鼓声响起：天亮了",
        "Music was my first love",
        "the chorus sang",
        "written in the stars",
        "First Citizen:",
        "ROMEO:",
        "[笑]",
        "(我爱你)",
        "鼓点敲在心上",
        "12:30 的列车",
        "produced a song",
        "钢琴键上",
        "曲",
        "Words",
        "words and wind",
        "Written by the moon I wait",
        "mixed by love",
    ],
)
def test_lines_that_are_sung_stay(line: str) -> None:
    removed = Removed()
    assert clean(line + "\n", removed) == line + "\n"
    assert removed == Removed()


def test_time_stamps_go_and_a_line_is_sung_as_often_as_it_has_them() -> None:
    removed = Removed()
    sung = "山上的雨\n我们不分开\n雨落在山上\n分开以后\n我们不分开\n"
    assert clean(in_order_of_time(LRC), removed) == sung
    assert (removed.tags, removed.credits, removed.stamps) == (3, 1, 6)
    assert str(removed) == "time stamps of 6 lines, 3 ID tags, 1 credit line"


def test_stamps_in_any_text() -> None:
    removed = Removed()
    assert clean("[01:02.3]山\n\n雨\n[00:10.00]\n", removed) == "山\n\n雨\n"
    assert removed == Removed(stamps=2)


def test_nothing_of_the_embedded_corpus_is_left_out() -> None:
    reader = corpus.Reader()
    with corpus.files.shipped("lyrics-zh.txt").open(encoding="utf-8") as file:
        text = corpus.normalise(file.read())
    assert clean(text, reader.removed) == text
    assert not reader.notes()
