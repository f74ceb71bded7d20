from __future__ import annotations

import pytest

from lyricgen.text import corpus
from lyricgen.text.cleaning import Removed, clean


def cleaned(text: str, removed: Removed, **options: bool) -> str:
    """The songs of a text as a text, two blank lines between them."""
    return "\n\n".join(f"{song}\n" for song in clean(text, removed, **options))


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
        "Produced By X",
        "录音室：某处",
        "Lyrics and music by X",
    ],
)
def test_credits(line: str) -> None:
    removed = Removed()
    assert cleaned(f"山\n{line}\n雨\n", removed) == "山\n雨\n"
    assert removed == Removed(credits=1)
    assert cleaned(f"山\n{line}\n雨\n", removed, keep_credits=True) == f"山\n{line}\n雨\n"


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
    assert cleaned(f"山\n{line}\n雨\n", removed, keep_credits=True) == "山\n雨\n"
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
    assert cleaned(line + "\n", removed) == line + "\n"
    assert removed == Removed()


def test_time_stamps_go_and_a_line_is_sung_as_often_as_it_has_them() -> None:
    removed = Removed()
    sung = "山上的雨\n我们不分开\n雨落在山上\n\n分开以后\n我们不分开"
    assert cleaned(LRC, removed).strip("\n") == sung
    assert (removed.tags, removed.credits, removed.stamps) == (3, 1, 6)
    assert str(removed) == "time stamps of 6 lines, 3 ID tags, 1 credit line"


HEAD = [
    "和声编写：某人",
    "混音工程师：某人",
    "录音棚：某处",
    "出品方：某公司",
    "吉他 Guitar：某人",
    "OP：某公司",
    "SP: 某公司",
    "ISRC CN-A12-34",
    "作 词：某人",
    "Mixing Engineer：Somebody",
    "未经著作权人许可 不得翻唱",
    "纯音乐，请欣赏",
    '{"t":0,"c":[{"tx":"作词: "}]}',
    "[kuwo:123]",
    "[tool:x]",
    "[#:x]",
    "[Verse 1: A, B, C & D]",
    "[Guitar Solo]",
    "[第一段]",
    "27 Contributors",
    "You might also like",
    "123Embed",
    "OP Some Publisher",
    "SP Some Publisher",
    "不得转载本作品",
    "著作权归某公司所有",
    "著作權所有",
    "Translations",
    "See Somebody LiveGet tickets as low as $50",
    "鼓：某人",
    "贝斯：某人",
    "Bass: Someone",
]
SUNG = [
    "他说：我走了",
    "鼓：咚咚咚",
    "Music: it is all I hear",
    "时间：请你慢一点",
    "歌手：在台上唱着",
    "爱情：是一场病",
    "录音：你的声音还在",
    "吉他：陪我唱到天亮",
    "感谢：每一个你",
    "制作一场梦：给你",
    "男人：总是沉默",
    "她问我：爱不爱",
]
VERSE = "山上的雨\n我们不分开\n雨停了以后\n你看那座山\n"


@pytest.mark.parametrize("line", HEAD)
def test_credits_and_notices_at_the_head_of_a_song(line: str) -> None:
    assert cleaned(f"{line}\n\n{VERSE}\n{VERSE}", Removed()).strip() == f"{VERSE}\n{VERSE}".strip()


@pytest.mark.parametrize("line", SUNG)
def test_lines_with_a_colon_that_are_sung(line: str) -> None:
    text = f"{VERSE}{line}\n{VERSE}"
    assert cleaned(text, Removed()) == text


def test_names_of_singers_go_and_their_lines_stay() -> None:
    removed = Removed()
    text = "男：你好\n女：你好吗\n(合)一起走\n【男】再见\n小林：你好呀\n小林：再见\n小王：\n我走\n"
    text += "F: hello\nv1: there\n[bg: ooh]\n他说：我走了\n"
    assert cleaned(text, removed) == "你好\n你好吗\n一起走\n再见\n你好呀\n再见\n我走\nhello\nthere\n他说：我走了\n"
    assert removed.singers == 9


@pytest.mark.parametrize(
    "text",
    [
        "爱情：是一场病\n山\n爱情：是一场病\n",
        "爱情：是一场病\n爱情：没有药\n",
        "我只请求：\n别走\n我只请求：\n再见\n",
        "说完最后一句：\n我走了\n",
        "(啊)风吹\n(啊)雨落\n(我)山\n(我)水\n",
    ],
)
def test_what_is_no_name_of_a_singer_stays(text: str) -> None:
    """One that stands before the same words, alone in its song, or that introduces what is said."""
    assert cleaned(text, Removed()) == text


def test_singers_in_brackets_go() -> None:
    assert cleaned("(周)你好\n(桂)山\n(周)雨\n(桂) 水\n(远方)月\n", Removed()) == "你好\n山\n雨\n水\n(远方)月\n"


def test_a_mark_between_blank_lines_leaves_one_of_them() -> None:
    assert cleaned(f"[Verse]\n{VERSE}\n[Chorus]\n\n{VERSE}", Removed()) == f"{VERSE}\n{VERSE}"


def test_each_song_of_a_text_has_its_own_ends() -> None:
    text = f"{VERSE}鼓：方小军\n\n\nBass: Leo Sand\n{VERSE}"
    assert cleaned(text, Removed()) == f"{VERSE}\n\n{VERSE}"


def test_what_a_site_adds_without_a_line_end_goes() -> None:
    text = "3 ContributorsPaper Boats Lyrics[Verse]\nsoft rain\nYou might also like[Chorus]\nrain falls12Embed"
    assert cleaned(text, Removed()) == "soft rain\nrain falls\n"


def test_the_original_stays_and_the_translation_goes() -> None:
    text = "[00:01.00]I love you\n[00:01.00]我爱你\n[00:02.00]Goodbye / 再见\n[00:03.00]山 / 水\n"
    removed = Removed()
    assert cleaned(text, removed) == "I love you\nGoodbye\n山 / 水\n"
    assert removed.translations == 2
    kept = cleaned(text, Removed(), keep_translations=True)
    assert kept == "I love you\n我爱你\nGoodbye / 再见\n山 / 水\n"


def test_leftovers_of_html() -> None:
    assert cleaned("It&apos;s raining&nbsp;now<br/>山&#39;s <b>big</b>\n", Removed()) == "It's raining now\n山's big\n"


def test_a_bracket_with_digits_that_is_not_understood_is_told() -> None:
    removed = Removed()
    assert cleaned("[12.30]山\n[00:01.00]雨\n", removed) == "[12.30]山\n雨\n"
    assert removed.doubtful == ["[12.30]山"]


def test_nothing_of_the_embedded_corpus_is_left_out() -> None:
    reader = corpus.Reader()
    with corpus.files.shipped("lyrics-zh.txt").open(encoding="utf-8") as file:
        text = corpus.normalise(file.read())
    assert cleaned(text, reader.removed) == text
    assert not reader.notes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It&amp;apos;s late&nbspnow", "It's late now"),
        ("山上&lt;br&gt;海边", "山上\n海边"),
        ("山上<br/>\n海边<br/>\n<br/>\n夜里", "山上\n海边\n\n夜里"),
        ("<p>山上</p><p>海边</p>\n<div class='x'>夜里</div>", "山上\n海边\n夜里"),
        ("<p>山上<br>海边</p>\n<p>夜里</p>", "山上\n海边\n\n夜里"),
        ("山上<img src='x'>\n<!-- 注 -->海边", "山上\n海边"),
        ("山上\\n海边\\r\\n夜里", "山上\n海边\n夜里"),
        ("wind on the roadYou might also like\nwe walk home5.3KEmbed", "wind on the road\nwe walk home"),
        ("  山上 \n\t海边\t有灯", "山上\n海边 有灯"),
        ("['山上', '海边']", "山上\n海边"),
    ],
)
def test_what_pages_and_tables_leave_in_a_text(text: str, words: str) -> None:
    assert cleaned(text, Removed()).strip("\n") == words


@pytest.mark.parametrize("label", ["男&女：", "[男/女]", "Male:", "♂："])
def test_more_names_of_voices(label: str) -> None:
    assert cleaned(f"{label}山路上有风\n女：海边的灯亮着", Removed()).strip("\n") == "山路上有风\n海边的灯亮着"


@pytest.mark.parametrize("head", ["[ti:歌]", "作词：某某\n作曲：某某"])
def test_a_duet_of_short_lines_is_not_a_list_of_singers(head: str) -> None:
    assert cleaned(f"{head}\n男：山上\n女：海边\n男：风来\n女：雨去\n男：灯亮\n女：夜深", Removed()).strip("\n") == (
        "山上\n海边\n风来\n雨去\n灯亮\n夜深"
    )


@pytest.mark.parametrize("begin", ["[00:01.00]", "(副歌", "♪", "[男", "[ti:", "山\n", "<"])
def test_long_lines_are_judged_in_linear_time(begin: str) -> None:
    """Patterns that try every cut of a run of spaces would never come to an end."""
    line = f"{begin}{' ' * 200_000}[x"
    assert cleaned(line, Removed()).rstrip().endswith("[x")
