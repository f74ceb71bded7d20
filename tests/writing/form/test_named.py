from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checker import broken

import lyricgen
from lyricgen.errors import OptionError
from lyricgen.writing.form import named
from lyricgen.writing.form.lines import Form, Line

REGULATED = [name for name in named.names() if name[0] in "五七"]
SONGS = ["流行", "民谣", "说唱", "儿歌"]
POEMS = [name for name in named.names() if name not in SONGS]
CHARACTERS = {
    "五绝": 20,
    "七绝": 28,
    "五律": 40,
    "七律": 56,
    "十六字令": 16,
    "渔歌子": 27,
    "忆江南": 27,
    "捣练子": 27,
    "如梦令": 33,
    "长相思": 36,
    "相见欢": 36,
    "点绛唇": 41,
    "浣溪沙": 42,
    "菩萨蛮": 44,
    "卜算子": 44,
    "采桑子": 44,
    "减字木兰花": 44,
    "忆秦娥": 46,
    "清平乐": 46,
    "阮郎归": 47,
    "西江月": 50,
    "浪淘沙": 54,
    "鹧鸪天": 55,
    "虞美人": 56,
    "南乡子": 56,
    "踏莎行": 58,
    "临江仙": 60,
    "蝶恋花": 60,
    "一剪梅": 60,
    "破阵子": 62,
    "渔家傲": 62,
    "定风波": 62,
    "苏幕遮": 62,
    "江城子": 70,
    "满江红": 93,
    "水调歌头": 95,
    "念奴娇": 100,
    "沁园春": 114,
}


def spelled(tones: str) -> Iterator[str]:
    """Every line of p and z that a pattern lets through."""
    return map("".join, itertools.product(*("pz" if tone == "*" else tone for tone in tones)))


def lines_of(name: str) -> tuple[Line, ...]:
    """The lines; those that return as the ones that they repeat."""
    lines = named.find(name).form.lines
    return tuple(lines[line.repeats] if line.repeats is not None else line for line in lines)


def test_the_characters_of_each_form() -> None:
    kinds = {name: next(kind for kind in CHARACTERS if name.startswith(kind)) for name in POEMS}
    assert set(kinds.values()) == set(CHARACTERS)
    for name, kind in kinds.items():
        assert sum(line.length or 0 for line in lines_of(name)) == CHARACTERS[kind], name


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("如梦令", "6A,6A,5,6A,2A,=5,6A"),
        ("菩萨蛮", "7A,7A,5B,5B/5C,5C,5D,5D"),
        ("清平乐", "4A,5A,7A,6A/6B,6B,6,6B"),
        ("西江月", "6,6A,7A,6A/6,6A,7A,6A"),
        ("水调歌头", "5,5A,6,5A,6,6,5A,5,5A/3,3,3A,4,7A,6,6,5A,5,5A"),
    ],
)
def test_lines_and_rhymes(name: str, form: str) -> None:
    stanzas = named.find(name).form.stanzas
    assert str(Form(tuple(tuple(line._replace(tones="") for line in stanza) for stanza in stanzas))) == form


@pytest.mark.parametrize("name", POEMS)
def test_rhyming_lines_are_level_or_oblique_throughout(name: str) -> None:
    lines = lines_of(name)
    for rhyme in {line.rhyme for line in lines} - {None}:
        ends = {line.tones[-1] for line in lines if line.rhyme == rhyme}
        assert ends in ({"p"}, {"z"}) or name == "西江月"
        assert sum(line.rhyme == rhyme for line in lines) > 1


@pytest.mark.parametrize("name", SONGS)
def test_songs_have_verses_and_what_returns(name: str) -> None:
    form = named.find(name).form
    assert len(form.stanzas) >= 4
    returning = [stanza for stanza in form.stanzas if stanza[0].repeats is not None]
    assert returning
    assert all(line.repeats is not None for stanza in returning for line in stanza)
    lengths = [line.length for line in form.lines if line.repeats is None]
    assert all(length and 3 <= length <= 14 for length in lengths)


@pytest.mark.parametrize("name", REGULATED)
def test_regulated_lines_alternate_and_break_no_rule(name: str) -> None:
    for pattern in lines_of(name):
        for line in spelled(pattern.tones):
            beats = line[1::2]
            assert all(one != other for one, other in zip(beats, beats[1:])), "2, 4 and 6 alternate"
            assert line[-3:] not in ("ppp", "zzz"), "三平调, 三仄尾"
            assert (line[-1] == "p") == (pattern.rhyme == "A"), "level lines rhyme"
            assert not (line.endswith("p") and line[-5:-1] == "zpzz"), "孤平"


@pytest.mark.parametrize("name", REGULATED)
def test_regulated_lines_oppose_and_follow_each_other(name: str) -> None:
    tones = [line.tones for line in lines_of(name)]
    seconds = "".join(line[1] for line in tones)
    for number in range(1, len(seconds)):
        assert (seconds[number] == seconds[number - 1]) == (number % 2 == 0), "对 within a couplet, 粘 between two"
    ends = [line[-1] for line in tones]
    assert ends[1::2] == ["p"] * (len(ends) // 2)
    assert ends[2::2] == ["z"] * (len(ends) // 2 - 1)


@pytest.mark.parametrize("kind", ["五绝", "七绝", "五律", "七律"])
def test_the_four_beginnings(kind: str) -> None:
    for start, tone in (("平起", "p"), ("仄起", "z")):
        for rhymes, letter in (("入韵", "A"), ("不入韵", None)):
            first = lines_of(kind + start + rhymes)[0]
            assert (first.tones[1], first.rhyme) == (tone, letter)
        assert named.find(kind + start) is named.find(kind + start + ("入韵" if kind[0] == "七" else "不入韵"))
    usual = {"五": "仄起不入韵", "七": "平起入韵"}[kind[0]]
    assert named.find(kind) is named.find(kind + usual)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("憶江南", "忆江南"),
        ("蝶戀花", "蝶恋花"),
        (" 水調歌頭", "水调歌头"),
        ("七絕·平起·首句入韻", "七绝"),
        ("望江南", "忆江南"),
    ],
)
def test_a_form_has_other_names(name: str, first: str) -> None:
    assert named.find(name).name == first
    assert named.read(name) == named.find(first).form


def test_an_unknown_name_says_what_is_like_it() -> None:
    with pytest.raises(OptionError, match=r"NAME: no form .* is called 蝶恋; did you mean 蝶恋花.*lyricgen forms"):
        named.find("蝶恋")
    with pytest.raises(OptionError, match=r"--form: no form .* is called 十四行; lyricgen forms lists"):
        named.read("十四行")


def test_a_form_stands_inline_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "my-form.txt"
    path.write_text("# a form\n7A\n7A # both rhyme\n\n\n5^春\n=1-2\n", "utf-8")
    assert str(named.read(str(path))) == "7A,7A/5^春,=1-2"
    assert named.read("7A,7A/5^春,=1-2") == named.read(str(path))
    path.write_text("7A\n7Q7\n", "utf-8")
    with pytest.raises(OptionError, match=r"^--form: .*my-form\.txt: line 2, '7Q7', is not a line"):
        named.read(str(path))


def test_a_table_is_read() -> None:
    found = named.parse_table("# head\n\n甲 乙\n平中+仄A\n/\n=1\n中\n\n\n丙\n仄\n")
    assert found["甲"] is found["乙"] is not found["丙"]
    form = found["甲"]
    assert (form.name, form.aliases, str(form.form)) == ("甲", ("乙",), "平中+仄A/=1,中")
    with pytest.raises(ValueError, match="two forms are called 甲"):
        named.parse_table("甲 甲\n平")
    with pytest.raises(OptionError, match="甲: line 1, '平上', is not a line"):
        named.parse_table("甲\n平上")


@pytest.mark.slow
@pytest.mark.parametrize("name", named.names())
def test_songs_keep_every_named_form(name: str) -> None:
    (song,) = lyricgen.load("zh").generate(form=name, seed=1)
    assert broken(song, form=name) == []


@pytest.mark.parametrize("name", ["如梦令", "相见欢", *SONGS])
def test_songs_keep_forms_that_return_or_pause(name: str) -> None:
    for song in lyricgen.load("zh").generate(form=name, seed=2, samples=2):
        assert broken(song, form=name) == []
