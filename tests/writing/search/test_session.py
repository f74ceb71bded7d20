from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.generation import Writer
from lyricgen.writing.search.session import Session

Make = Callable[..., Checkpoint]


def session(checkpoint: Checkpoint, prefix: str = "", **form: Any) -> Session:
    writer = Writer(checkpoint.decoder(), checkpoint.vocabulary, SampleConfig(), FormConfig(**form))
    return writer.session(prefix, seed=1)


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
    assert song.take("山上") == ""
    assert song.take("龙") == ""  # unknown to the model, but counted
    assert song.written == "山上龙"
    assert song.undo()
    assert song.undo()
    assert song.written == ""
    assert song.characters(3) == before


def test_nothing_is_taken_that_breaks_the_form(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), "山", form="3,3", acrostic="山雨")
    assert song.take("上\n") == "\n"
    assert song.written == ""
    assert song.take("上的雨") == "雨"
    assert song.take("上的\n") == ""
    assert [choice.text for choice in song.characters(9)] == ["雨"]
    assert song.take("山") == "山"
    assert song.take("雨落在\n") == ""
    assert song.is_over
    assert song.written == "上的\n雨落在"
    assert song.take("山") == "山"
    assert song.lines(1) == []


def test_lines_are_ways_to_go_on_to_the_end(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(), "山", form="4,4", rhyme="AA")
    found = song.lines(4)
    assert len(found) > 1
    assert [choice.probability for choice in found] == sorted((c.probability for c in found), reverse=True)
    for choice in found:
        assert choice.text.endswith("\n")
        assert song.take(choice.text) == ""
        last = song.lines(1)[0].text
        assert song.take(last) == ""
        assert song.is_over
        song.undo()
        song.undo()


def test_a_line_that_does_not_rhyme_cannot_be_ended(random_checkpoint: Make) -> None:
    song = session(random_checkpoint(text="\n山水雨年风"), rhyme="AA", lines=2)
    assert song.take("山\n水\n") == "\n"
    assert song.take("山\n水年\n") == ""
    assert song.is_over


def test_a_model_without_line_ends_goes_on_for_a_while(random_checkpoint: Make) -> None:
    (choice,) = session(random_checkpoint(text="山水雨")).lines(1)
    assert 100 < len(choice.text) < 400


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
            assert [song.take(choice.text) for choice in choices] == [""] * len(choices)
            if not choices:
                break
    forbidden = Writer(
        checkpoint.decoder(),
        checkpoint.vocabulary,
        SampleConfig(no_repeat=1),
        FormConfig(acrostic="山山", line_length=1),
    ).session("", seed=1)
    assert forbidden.take("山\n") == ""
    assert forbidden.characters(3) == []
