from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from support.checker import broken
from support.command import SONG

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.generation import Writer
from lyricgen.writing.search.refusals import Refusal
from lyricgen.writing.search.session import Session

Make = Callable[..., Checkpoint]


def session(checkpoint: Checkpoint, prefix: str = "", **form: Any) -> Session:
    writer = Writer(checkpoint.decoder(), checkpoint.vocabulary, SampleConfig(), FormConfig(**form))
    return writer.session(prefix, seed=1)


def reason(refusal: Refusal | None) -> str:
    assert refusal is not None
    return refusal.reason


def test_the_likeliest_characters_have_the_model_s_probabilities(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    found = session(checkpoint, "山").characters(5)
    decoder, state = checkpoint.decoder(), checkpoint.decoder().initial_state(1)
    for char_id in checkpoint.vocabulary.encode("\n山"):
        logits, state = decoder.step(np.array([char_id]), state)
    weights = np.exp(logits[0, 1:].astype(float))
    expected = np.sort(weights / weights.sum())[::-1][:5]
    np.testing.assert_allclose([choice.probability for choice in found], expected, rtol=1e-5)
    assert len({choice.text for choice in found}) == 5


def test_each_step_can_be_undone(random_checkpoint: Make) -> None:
    song = session(random_checkpoint())
    assert not song.undo()
    before = song.characters(3)
    assert song.append("山上") is None
    assert song.append("龙") is None  # unknown to the model, but counted
    assert song.written == "山上龙"
    assert song.undo()
    assert song.undo()
    assert song.written == ""
    assert song.characters(3) == before


def test_nothing_is_taken_that_breaks_the_form(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), "山", form="3,3", acrostic="山雨")
    assert reason(song.take("上\n")) == "the line has 2 of 3 characters"
    assert song.written == ""
    assert song.take("上的雨") == ("雨", "the line has its 3 characters; 雨 is one more")
    assert song.take("上的\n") is None
    assert [choice.text for choice in song.characters(9)] == ["雨"]
    assert reason(song.take("山")) == "the line begins with 雨, not with 山"
    assert reason(song.end_line()) == "the line is empty"
    assert song.take("雨落在") is None
    assert song.is_over
    assert song.written == "上的\n雨落在"
    assert reason(song.take("山")) == "the song is complete"
    assert song.lines(1) == []


def test_lines_are_ways_to_go_on_to_the_end(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), "山", form="4,4", rhyme="AA")
    found = song.lines(4)
    assert len(found) > 1
    for choice in found:
        assert choice.text.endswith("\n")
        assert song.take(choice.text) is None
        last = song.lines(1)[0].text
        assert song.take(last) is None
        assert song.is_over
        song.undo()
        song.undo()


def test_a_line_that_does_not_rhyme_cannot_be_ended(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text="\n山水雨年风"), rhyme="AA", lines=2)
    assert reason(song.append("山\n水\n")) == "水 does not rhyme with 山"
    assert reason(song.append("山\n水山\n")) == "山 ends a line of this rhyme already (--rhyme-identical allows it)"
    assert song.append("山\n水年\n") is None
    assert song.is_over


def test_a_model_without_line_ends_goes_on_for_a_while(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text="山水雨"))
    (choice,) = song.lines(1)
    assert 100 < len(choice.text) < 400
    assert song.take(choice.text) is None
    assert song.written == choice.text


def test_a_line_of_its_length_ends(random_checkpoint: Make) -> None:
    """Typed whole, typed in parts, chosen one by one, written in the prefix; blank lines of the form come with it."""
    song = session(random_checkpoint(), "山上的", form="3,3/3,3")
    assert song.take("雨落在") is None
    assert song.written == "\n雨落在\n\n"
    assert song.take("你看") is None
    assert song.written == "\n雨落在\n\n你看"
    assert song.take("山  ") is None
    while not song.is_over:
        assert song.take(song.characters(1)[0].text) is None
    assert song.written.startswith("\n雨落在\n\n你看山\n")
    song = session(random_checkpoint(), form="3,3")
    assert song.append("雨落在") is None
    assert song.written == "雨落在"  # as it is
    assert song.end_line() is None
    assert song.written == "雨落在\n"


def test_a_line_of_free_length_ends_if_it_is_typed_at_once(random_checkpoint: Make) -> None:
    for form in ({}, {"lines": 9}, {"form": "*,*,*"}):
        song = session(random_checkpoint(), **form)
        for text in ("山上", "雨", "落在山上", "", "雨 "):
            assert song.take(text) is None
        assert song.written == "山上\n雨落在山上雨 "
        assert song.end_line() is None if not form else song.take("停\n") is None
        assert song.append("你看") is None
        assert song.written.endswith("\n你看")
    song = session(random_checkpoint(), "分开", lines=2)
    assert song.take("以后") is None
    assert song.written == "以后"


@pytest.mark.parametrize("form", [{}, {"lines": 2}, {"form": "5,5"}])
@pytest.mark.parametrize("text", ["\n山水雨", "\n山水雨 ", "山水雨 "])
def test_marks_stand_where_they_are_typed(form: dict[str, Any], text: str, random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(text=text)
    song = session(checkpoint, **form)
    assert song.append("山，水,雨……山🌧水。") is None
    assert song.written == "山，水,雨……山🌧水。"
    assert reason(song.append("\t"))
    if form:
        end = song.line_end
        assert song.end_line() is None
        assert reason(song.append("，")) == "a line does not begin with ，"
        assert song.append("“山”水——雨") is None
        assert reason(song.append("———")) == "— is one more mark than fits there"
        assert song.written == f"山，水,雨……山🌧水。{end}“山”水——雨"


def test_a_mark_is_read_as_a_pause(random_checkpoint: Make) -> None:
    """And at the end of a line not at all; where no space is known, nowhere."""
    written, read = session(random_checkpoint(), form="4"), session(random_checkpoint(), form="4")
    for typed, known in (("山上……", "山上 "), ("的雨。", "的雨")):
        assert written.append(typed) is read.append(known) is None
        assert written.characters(3) == read.characters(3)
    written, read = (session(random_checkpoint(text="\n山水雨"), form="4") for _ in range(2))
    assert written.append("山，") is read.append("山") is None
    assert written.characters(3) == read.characters(3)


def test_refusals_name_the_option(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    options = {"ban": "山上", "no_repeat": 2}
    song = Writer(checkpoint.decoder(), checkpoint.vocabulary, SampleConfig(**options)).session("山", seed=1)
    assert reason(song.take("上")) == "上 is forbidden by --ban or --no-repeat"
    song = session(checkpoint, structure="AA", form="2")
    assert song.take("山上") is None
    assert reason(song.take("山的")) == "line 2 repeats line 1: 山上"
    song = session(random_checkpoint(text="\n山水年天雨"), form="1,1,1", rhyme="AAB")
    assert song.append("山\n年\n") is None
    assert "another letter" in reason(song.take("天"))
    song = session(random_checkpoint(text="\n山水天"), form="1", rhyme_with="水")
    assert reason(song.take("龙")) == "龙 does not rhyme with 水"


def test_a_line_is_written_again(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text=SONG + "年天，"), "山", form="3,3/3", rhyme="AAB")
    assert song.take("上天") is None
    assert song.take("雨，落山") is None
    assert song.take("雨") is None
    assert [song.line(number) for number in range(5)] == ["", "山上天", "雨，落山", "雨", ""]
    before = song.written
    assert reason(song.rewrite(2, "雨落雨")) == "雨 does not rhyme with 天"
    assert reason(song.rewrite(1, "山上雨")) == "with it, line 2 breaks the form: 山 does not rhyme with 雨"
    assert reason(song.rewrite(1, "雨上年")) == "line 1 begins with the prefix 山"
    assert reason(song.rewrite(1, "山年")) == "the line has 2 of 3 characters"
    assert reason(song.rewrite(4, "山年")) == "there is no line 4 after the prefix"
    assert song.written == before
    assert song.rewrite(1, "山上的年 ") is not None
    assert song.rewrite(1, "山，上年") is None
    assert song.written == "，上年\n雨，落山\n\n雨"
    assert song.rewrite(3, "雨落了") is None
    assert song.is_over
    assert song.undo()
    assert song.undo()
    assert song.written == before
    assert song.undo()
    assert song.written == "上天\n雨，落山\n\n"


def test_the_model_writes_a_line_again_that_the_later_ones_rhyme_with(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text=SONG + "年天"), form="3,3,3,3", rhyme="ABAB")
    for line in ("山上天", "落在雨", "我们山", "我们你"):
        assert song.take(line) is None
    assert song.is_over
    for number in (1, 2, 3, 4):
        others = [song.line(n) for n in (1, 2, 3, 4) if n != number]
        assert song.rewrite(number) is None
        assert song.is_over
        assert [song.line(n) for n in (1, 2, 3, 4) if n != number] == others
        assert broken(song.written, form="3,3,3,3", rhyme="ABAB") == []
    for _ in range(4):
        assert song.undo()
    assert song.written == "山上天\n落在雨\n我们山\n我们你"


def test_lines_that_repeat_change_with_what_they_repeat(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), structure="AAA", form="2,2")
    for line in ("山上", "的雨", "山上", "的雨", "山上"):
        assert song.take(line) is None
    assert reason(song.rewrite(3, "我们")) == "line 3 repeats line 1: 山上"
    assert song.rewrite(1, "我，们") is None
    assert song.written == "我，们\n的雨\n\n我，们\n的雨\n\n我，们\n"
    assert song.undo()
    assert song.written == "山上\n的雨\n\n山上\n的雨\n\n山上\n"


TURNS: list[dict[str, Any]] = [
    {"form": "3,4/3,4", "rhyme": "ABAB"},
    {"form": "*,*,*", "rhyme": "AA-", "acrostic": "山水雨"},
    {"form": "2,3", "structure": "ABA", "rhyme": "AA"},
]


@pytest.mark.parametrize("asked", TURNS, ids=str)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_said_the_song_keeps_its_form(asked: dict[str, Any], seed: int, random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text="\n ，山水雨年天长花家光想风梦"), **asked)
    rng = np.random.default_rng(seed)

    def words() -> str:
        return "".join(rng.choice(list("山水雨天年光，。"), rng.integers(2, 6)))

    def choose() -> None:
        choices = song.characters(3)
        assert not choices or song.take(choices[rng.integers(len(choices))].text) is None

    actions: list[Callable[[], object]] = [
        choose,
        choose,
        lambda: song.take(words()),
        song.end_line,
        song.undo,
        lambda: song.rewrite(1, words()),
        lambda: song.take(song.lines(1)[0].text),
    ]
    while not song.is_over:
        actions[rng.integers(len(actions))]()
    assert broken(song.written, **asked) == []
    before = song.written
    for number in (1, 2):
        if song.rewrite(number) is None:
            assert broken(song.written, **asked) == []
            assert song.undo()
        assert song.written == before


def test_songs_without_a_form_have_lines_to_write_again(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), "山\n雨")
    for text in ("落在", "\n\n", "我们", "你看"):
        assert song.take(text) is None
    assert [song.line(number) for number in range(1, 6)] == ["", "雨落在", "我们", "你看", ""]
    assert song.rewrite(3, "再见") is None
    assert song.rewrite(2, "雨停") is None
    assert song.written == "停\n\n再见\n你看\n"
    assert song.rewrite(4) is None
    assert song.written.startswith("停\n\n再见\n")


@pytest.mark.parametrize("count", [1, 3])
def test_characters_keep_the_rhyme(count: int, random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text="\n山水年天雨风"), form="2", rhyme_with="年")
    song.take("水")
    found = {choice.text for choice in song.characters(count)}
    assert len(found) == count
    assert found <= {"山", "年", "天"}


def test_what_is_offered_can_be_taken(random_checkpoint: Make) -> None:
    """Also where the form forces a character that may not be repeated."""
    checkpoint = random_checkpoint()
    options = SampleConfig(no_repeat=1), FormConfig(acrostic="山", line_length=3)
    for prefix in ("", "山上"):
        song = Writer(checkpoint.decoder(), checkpoint.vocabulary, *options).session(prefix, seed=1)
        while not song.is_over:
            choices = song.characters(1)
            assert [song.append(choice.text) for choice in choices] == [None] * len(choices)
            if not choices:
                break
    forbidden = Writer(
        checkpoint.decoder(),
        checkpoint.vocabulary,
        SampleConfig(no_repeat=1),
        FormConfig(acrostic="山山", line_length=1),
    ).session("", seed=1)
    assert forbidden.take("山") is None
    assert forbidden.characters(3) == []
