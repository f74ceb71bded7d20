from __future__ import annotations

import pytest

from lyricgen.text.translations import without

SUNG = [
    "wind on the road",
    "a lighthouse is lit",
    "night falls slowly",
    "we walk home",
    "rain has stopped",
    "a new ship",
]
KANA = ["やまのかぜ", "うみのとうだい", "よるがくる", "いえにかえる", "あめがやんだ", "あたらしいふね"]
OTHER = ["路上有风", "灯塔亮着", "夜色落下", "我们走回家", "雨停了", "新的船"]


@pytest.mark.parametrize("sung", [SUNG, KANA])
@pytest.mark.parametrize("between", ["{}\n{}", "{} {}", "{}/{}", "{} ／ {}", "{}（{}）", "{} ({})"])
def test_a_translation_of_each_line_goes(sung: list[str], between: str) -> None:
    song = "\n".join(between.format(*pair) for pair in zip(sung, OTHER))
    assert without(song) == ("\n".join(sung), len(sung))


@pytest.mark.parametrize(
    "song",
    [
        "\n".join(f"{line}\nla la la" for line in OTHER),
        "\n".join(f"{line} oh yeah" for line in OTHER),
        "\n".join([*OTHER[:3], "baby 你不要走", "say goodbye", *OTHER[3:]]),
        "\n".join(OTHER),
        "\n".join(SUNG),
    ],
)
def test_songs_in_two_languages_stay(song: str) -> None:
    assert without(song) == (song, 0)
