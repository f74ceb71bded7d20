from __future__ import annotations

from typing import Any, Callable, Union
from unittest import mock

import numpy as np
import pytest
from support.checker import broken
from support.songs import songs

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.writing import filling

Make = Callable[..., Checkpoint]
Model = Union[Decoder, Bidirectional]
TEXT = "\n ，山水雨年天长花家光想风中月得了的不我你好高老"

ASKED: list[dict[str, Any]] = [
    {"form": "4,4,4,4", "rhyme": "AABA"},
    {"form": "3,5/3,5", "rhyme": "ABAB"},
    {"line_length": 3, "lines": 6, "rhyme": "A", "rhyme_by": "final", "rhyme_identical": True},
    {"form": "*,*,*", "rhyme": "AAB"},
    {"lines": 4, "rhyme": "ABBA", "rhyme_with": "光天"},
    {"form": "3,3,3", "acrostic": "山水雨", "rhyme": "A-A"},
    {"form": "3,3", "structure": "ABAB", "rhyme": "AA"},
    {"form": "2,2", "structure": "AAA", "acrostic": "山水山水"},
    {"form": "4,4,4,4", "rhyme": "AABB", "ban": "山水,天长,了,得"},
    {"form": "xpzx,pz+xz", "rhyme": "AA", "rhyme_by": "near"},
    {"form": "4,3A,=1,3A"},
    {"form": "4,4,4", "words": "山水,想你,我"},
    {"form": "pzpA,zpz,pppA", "words": "光"},
]


@pytest.fixture(scope="module")
def both(random_checkpoint: Make) -> tuple[Checkpoint, list[Model]]:
    """A model that reads forward, and one that reads from both sides."""
    forward, other = random_checkpoint(text=TEXT), random_checkpoint(text=TEXT, bidirectional=True)
    return forward, [forward.decoder(), Bidirectional(other.model, other.parameters)]


def fill(both: tuple[Checkpoint, list[Model]], text: str, beam: int = 3, **asked: Any) -> list[list[filling.Filling]]:
    """The fillings of each of the models."""
    ban = asked.pop("ban", None)
    with mock.patch.object(filling, "WIDTH", beam):
        return [
            filling.fill(model, both[0].vocabulary, text, best=beam, form=FormConfig(**asked), ban=ban)
            for model in both[1]
        ]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_text_that_can_keep_its_form_keeps_it(asked: dict[str, Any], both: tuple[Checkpoint, list[Model]]) -> None:
    """Blanks in songs that keep it, few and many, at the ends of lines and elsewhere; with a small beam."""
    for seed, song in enumerate(songs(both[0], {**asked, "drafts": 1, "temperature": 0.5}, seed=6, samples=6)):
        rng = np.random.default_rng(seed)
        share = rng.uniform(0.1, 0.9)
        template = "".join("＿" if c not in "\n ，" and rng.random() < share else c for c in song)
        if "＿" not in template:
            continue
        for found in fill(both, template, **asked):
            for each in found:
                assert broken(each.text, **asked) == [], (template, each.text)
                assert all(a in (b, "＿") for a, b in zip(template, each.text))


def test_the_first_of_a_rhyme_knows_the_last(both: tuple[Checkpoint, list[Model]]) -> None:
    """However unlikely it is: the class of an ending that is no blank is required of all."""
    template = "山水＿\n山水＿\n山水雨\n山水天"
    for found in fill(both, template, beam=1, rhyme="BABA"):
        assert broken(found[0].text, rhyme="BABA") == []
        assert found[0].text.endswith("\n山水雨\n山水天")
    for ban in ("山年,长年", "山天", "花年"):
        for found in fill(both, "＿年，\n＿天。", beam=1, rhyme="AA", ban=ban):
            assert broken(found[0].text, rhyme="AA", ban=ban) == []


def test_readings_depend_on_the_blank_before(both: tuple[Checkpoint, list[Model]]) -> None:
    """The last character is read otherwise in some phrases; these fillings are dropped."""
    for found in fill(both, "＿长\n＿光", beam=9, rhyme="AA"):
        assert found
        for each in found:
            assert broken(each.text, rhyme="AA") == []


def test_rhymes_of_two_characters(both: tuple[Checkpoint, list[Model]]) -> None:
    for found in fill(both, "山水＿＿\n天花＿天\n山雨水年", beam=9, rhyme="A2A2A2"):
        for each in found:
            assert broken(each.text, rhyme="A2A2A2") == []


def test_words_go_where_they_are_likeliest(both: tuple[Checkpoint, list[Model]]) -> None:
    forward, _ = fill(both, "＿＿＿", beam=30, words="山水")
    decoder, vocabulary = both[1][0], both[0].vocabulary
    assert not isinstance(decoder, Bidirectional)

    def nats(text: str) -> float:
        return float(np.log(decoder.probabilities(vocabulary.encode(f"\n{text}\n"))).sum())

    others = [c for c in TEXT if not c.isspace()]
    likeliest = max((text for c in others for text in (f"山水{c}", f"{c}山水")), key=nats)
    assert forward[0].text == likeliest


def test_what_asks_for_nothing_changes_nothing(both: tuple[Checkpoint, list[Model]]) -> None:
    free, asked = fill(both, "山＿水＿", beam=5), fill(both, "山＿水＿", beam=5, lines=1)
    assert [[each.fills for each in found] for found in free] == [[each.fills for each in found] for found in asked]


def test_blank_lines_stay_where_no_form_says_otherwise(both: tuple[Checkpoint, list[Model]]) -> None:
    for found in fill(both, "山＿\n\n\n水＿\n", rhyme="AA"):
        assert found[0].text == "山{}\n\n\n水{}\n".format(*found[0].fills)
        assert broken(found[0].text.replace("\n\n\n", "\n").strip("\n"), rhyme="AA") == []


def test_marks_and_unknown_characters_stay(both: tuple[Checkpoint, list[Model]]) -> None:
    template = "——山，＿？！…\n“龙＿龙。”"
    for found in fill(both, template, form="2,3", rhyme="A-"):
        assert found[0].text == template.replace("＿", "{}").format(*found[0].fills)


def test_a_model_that_ends_lines_with_spaces(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(text=TEXT.replace("\n", ""), newlines="space")
    models = [checkpoint.decoder()]
    for (found,) in (fill((checkpoint, models), "山 ＿\n水＿ 天＿", beam=1, rhyme="AA"),):
        assert broken(found[0].text.replace(" ", ""), rhyme="AA") == []


CONTRADICTIONS = [
    ("山＿\n水天", {"form": "2,3"}, "--form: line 2 of the text has 2 characters, not 3"),
    ("山＿\n水天", {"line_length": 3}, "--line-length: line 1 of the text has 2"),
    ("山＿\n水天", {"lines": 3}, "--lines: 3 are asked for, but the text has 2"),
    ("山＿\n水天", {"acrostic": "山山"}, "--acrostic: line 2 of the text begins with 水, not with 山"),
    ("山＿\n水天", {"acrostic": "山水雨"}, "--acrostic: its 3 characters"),
    ("山＿\n水天\n水光", {"rhyme": "-AA"}, "--rhyme: line [23] of the text ends in [天光]"),
    ("山＿\n水天\n山天", {"rhyme": "-AA"}, "--rhyme: line 2 of the text ends in 天"),
    ("山＿\n水天\n水年", {"rhyme": "-AB"}, "--rhyme: lines of A and B rhyme"),
    ("山＿\n水天", {"rhyme_with": "光"}, "--rhyme: line 2 of the text ends in 天"),
    ("山＿\n水天", {"structure": "ABA"}, "--structure: the text has 2 lines"),
    ("山＿\n水天", {"structure": "AA"}, "--form: line 2 of the text is to repeat line 1"),
    ("山＿\n水天", {"structure": "AB"}, "--structure: line 2 of the text has no blank line"),
    ("山＿\n\n水天", {"form": "2,2"}, "--form: line 2 of the text has a blank line"),
    ("山＿", {"rhyme_by": "final"}, "--rhyme-by: there is no rhyme"),
    ("山＿", {"ban": "，"}, "--ban: names no word"),
    ("山＿水", {"words": "天长"}, "--words: 天长 fits nowhere"),
    ("山＿", {"words": "水", "form": "pp"}, "--words: 水 fits nowhere"),
]


@pytest.mark.parametrize(("text", "asked", "message"), CONTRADICTIONS)
def test_a_text_that_breaks_its_form_is_refused(
    text: str, asked: dict[str, Any], message: str, both: tuple[Checkpoint, list[Model]]
) -> None:
    with pytest.raises(OptionError, match=message):
        fill(both, text, **asked)


@pytest.mark.parametrize(
    ("text", "asked", "line"),
    [
        ("山水＿\n天", {"ban": "山水"}, 1),
        ("山＿\n\n山水", {"ban": "山水"}, 2),
        ("＿\n＿\n＿\n光", {"rhyme": "A", "ban": "想,长"}, 1),
    ],
)
def test_a_text_that_cannot_be_filled(
    text: str, asked: dict[str, Any], line: int, both: tuple[Checkpoint, list[Model]]
) -> None:
    with pytest.raises(UnsatisfiableError, match=f"line {line} of the text: no filling"):
        fill(both, text, **asked)
