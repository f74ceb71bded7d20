from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.writing.form import tunes
from lyricgen.writing.form.spec import compile_form

REGULATED = [name for name in tunes.names() if name[0] in "五七"]
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


def test_the_characters_of_each_form() -> None:
    kinds = {name: next(kind for kind in CHARACTERS if name.startswith(kind)) for name in tunes.names()}
    assert set(kinds.values()) == set(CHARACTERS)
    for name, kind in kinds.items():
        assert sum(tunes.find(name).lengths) == CHARACTERS[kind], name


@pytest.mark.parametrize(
    ("name", "form", "rhyme"),
    [
        ("如梦令", "6,6,5,6,2,2,6", "AA-AAAA"),
        ("菩萨蛮", "7,7,5,5/5,5,5,5", "AABBCCDD"),
        ("清平乐", "4,5,7,6/6,6,6,6", "AAAABB-B"),
        ("西江月", "6,6,7,6/6,6,7,6", "-AAA-AAA"),
        ("水调歌头", "5,5,6,5,6,6,5,5,5/3,3,3,4,7,6,6,5,5,5", "-A-A--A-A--A-A--A-A"),
    ],
)
def test_lines_and_rhymes(name: str, form: str, rhyme: str) -> None:
    tune = tunes.find(name)
    assert (tune.form, tune.rhyme) == (form, rhyme)


@pytest.mark.parametrize("name", tunes.names())
def test_a_form_is_one_that_the_options_can_ask_for(name: str) -> None:
    tune = tunes.find(name)
    form = compile_form(FormConfig(form=tune.form, rhyme=tune.rhyme), None)
    assert form.count == len(tune.tones) == len(tune.rhyme)
    assert form.lengths == tune.lengths
    assert form.blanks == tune.blanks


@pytest.mark.parametrize("name", tunes.names())
def test_rhyming_lines_are_level_or_oblique_throughout(name: str) -> None:
    tune = tunes.find(name)
    for letter in set(tune.rhyme) - {"-"}:
        ends = {tones[-1] for tones, other in zip(tune.tones, tune.rhyme) if other == letter}
        assert ends in ({"p"}, {"z"}) or name == "西江月"
        assert tune.rhyme.count(letter) > 1


def test_a_line_that_repeats_another() -> None:
    tune = tunes.find("如梦令")
    assert tune.repeats == {5: 4}
    assert tune.tones[5] == tune.tones[4] == "pz"


@pytest.mark.parametrize("name", REGULATED)
def test_regulated_lines_alternate_and_break_no_rule(name: str) -> None:
    tune = tunes.find(name)
    for tones, letter in zip(tune.tones, tune.rhyme):
        for line in spelled(tones):
            beats = line[1::2]
            assert all(one != other for one, other in zip(beats, beats[1:])), "2, 4 and 6 alternate"
            assert line[-3:] not in ("ppp", "zzz"), "三平调, 三仄尾"
            assert (line[-1] == "p") == (letter == "A"), "level lines rhyme"
            assert not (line.endswith("p") and line[-5:-1] == "zpzz"), "孤平"


@pytest.mark.parametrize("name", REGULATED)
def test_regulated_lines_oppose_and_follow_each_other(name: str) -> None:
    tune = tunes.find(name)
    seconds = "".join(tones[1] for tones in tune.tones)
    for number in range(1, len(seconds)):
        assert (seconds[number] == seconds[number - 1]) == (number % 2 == 0), "对 within a couplet, 粘 between two"
    ends = [tones[-1] for tones in tune.tones]
    assert ends[1::2] == ["p"] * (len(ends) // 2)
    assert ends[2::2] == ["z"] * (len(ends) // 2 - 1)


@pytest.mark.parametrize("kind", ["五绝", "七绝", "五律", "七律"])
def test_the_four_beginnings(kind: str) -> None:
    for start, tone in (("平起", "p"), ("仄起", "z")):
        for rhymes, letter in (("入韵", "A"), ("不入韵", "-")):
            tune = tunes.find(kind + start + rhymes)
            assert (tune.tones[0][1], tune.rhyme[0]) == (tone, letter)
        assert tunes.find(kind + start) is tunes.find(kind + start + ("入韵" if kind[0] == "七" else "不入韵"))
    usual = {"五": "仄起不入韵", "七": "平起入韵"}[kind[0]]
    assert tunes.find(kind) is tunes.find(kind + usual)


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
    assert tunes.find(name).name == first


def test_an_unknown_name_says_what_is_like_it() -> None:
    with pytest.raises(OptionError, match=r"--tune: no form is called 蝶恋; did you mean 蝶恋花.*lyricgen forms"):
        tunes.find("蝶恋")
    with pytest.raises(OptionError, match="NAME: no form is called sonnet; lyricgen forms lists them"):
        tunes.find("sonnet", option="NAME")


def test_a_table_is_read() -> None:
    found = tunes.parse("# head\n\n甲 乙\n平中、仄 A\n/\n=1\n中\n\n\n丙\n仄\n")
    assert found["甲"] is found["乙"] is not found["丙"]
    tune = found["甲"]
    assert (tune.name, tune.aliases, tune.tones) == ("甲", ("乙",), ("p*z", "p*z", "*"))
    assert (tune.rhyme, tune.blanks, tune.repeats) == ("AA-", {1}, {1: 0})
    assert tune.form == "3/3,1"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("甲\n平x", "甲: '平x' is not a line"),
        ("甲\n平 AB", "not a line"),
        ("甲\n=1", "not before it"),
        ("甲 甲\n平", "two forms are called 甲"),
    ],
)
def test_a_wrong_table_is_refused(table: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tunes.parse(table)
