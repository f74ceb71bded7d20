from __future__ import annotations

import pytest

from lyricgen.text.script import ScriptCount, converter

WORDS = [
    ("头发", "頭髮"),
    ("发现", "發現"),
    ("皇后", "皇后"),
    ("后来", "後來"),
    ("公里", "公里"),
    ("心里", "心裡"),
    ("干净", "乾淨"),
    ("树干", "樹幹"),
    ("面条", "麵條"),
    ("面对", "面對"),
    ("台风", "颱風"),
    ("云彩", "雲彩"),
    ("人云亦云", "人云亦云"),
    ("一只鸟", "一隻鳥"),
    ("只有", "只有"),
    ("看着", "看著"),
    ("著名", "著名"),
    ("显著", "顯著"),
    ("执着", "執著"),
]


def test_forms_that_simplified_text_does_not_have_are_replaced() -> None:
    assert converter("simplified")("妳說甚麼") == "你说什么"


def said(text: str) -> str:
    census = ScriptCount()
    census.add(text)
    return str(census)


@pytest.mark.parametrize(("simplified", "traditional"), WORDS)
def test_phrases_decide_between_characters(simplified: str, traditional: str) -> None:
    to_simplified, to_traditional = converter("simplified"), converter("traditional")
    assert to_traditional(simplified) == traditional
    assert to_simplified(traditional) == simplified
    assert (to_traditional(traditional), to_simplified(simplified)) == (traditional, simplified)


def test_other_writing_stays() -> None:
    text = "Love, 100 ☂\n\tはな 꽃 👩‍🎤\n"
    assert converter("simplified")(text) == converter("traditional")(text) == text


def test_two_scripts_in_one_text_are_told_with_their_shares() -> None:
    census = ScriptCount()
    census.add("发" * 930)
    census.add("發" * 70)
    words = "the text mixes simplified and traditional characters (93 % / 7 %)"
    assert str(census) == f"{words}: prepare --script simplified makes them one"
    census.add("發" * 3000)
    assert "(23 % / 77 %): prepare --script traditional" in str(census)


@pytest.mark.parametrize(
    "text",
    [
        "发现" * 500 + "發" * 9,  # the share is low
        "发现" * 5 + "發" * 9,  # both are few
        "里面后来干台云只" * 99,  # in both scripts
        "群床峰秘吃" * 9 + "發現" * 99,  # written so in Taiwan
        "会話の国、時間と学校へ、花のように" * 99,  # Japanese has characters of both
        "love" * 99,
    ],
)
def test_one_script_is_not_mentioned(text: str) -> None:
    assert said(text) == ""


def test_a_mixture_that_is_just_large_enough() -> None:
    assert said("发" * 1980 + "發" * 20)
    assert not said("发" * 1881 + "發" * 19)
    assert not said("发" * 2500 + "發" * 20)
