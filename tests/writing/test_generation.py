from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import Floats
from lyricgen.model.recurrent import Recurrent
from lyricgen.text.vocabulary import Ids
from lyricgen.writing import generation
from lyricgen.writing.generation import Writer, song_rng, write, write_songs
from lyricgen.writing.prefix import read_prefix

Make = Callable[..., Checkpoint]


def songs(checkpoint: Checkpoint, prefix: str, *, seed: int = 1, samples: int = 3, **options: float) -> list[str]:
    decoder = Recurrent(checkpoint.model, checkpoint.parameters)
    config = SampleConfig(**{"length": 40, "drafts": 1, **options})  # type: ignore[arg-type]
    return list(write_songs(decoder, checkpoint.vocabulary, prefix, config, seed=seed, samples=samples))


def test_songs_begin_with_their_prefix_and_have_the_length_asked_for(random_checkpoint: Make) -> None:
    for prefix in ("分开", "", "龙 never seen 🐉", "e\u0301"):
        texts = songs(random_checkpoint(), prefix)
        assert len(texts) == 3
        for text in texts:
            assert text.startswith(prefix)
            assert len(text) == len(prefix) + 40
            assert "\ufffd" not in text
    assert songs(random_checkpoint(), "分开", length=0) == ["分开"] * 3


def test_the_seed_decides_and_nothing_else(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    assert songs(checkpoint, "分开") == songs(checkpoint, "分开")
    assert songs(checkpoint, "分开") != songs(checkpoint, "分开", seed=2)
    assert len(set(songs(checkpoint, "分开", samples=9))) == 9
    assert songs(checkpoint, "分开", samples=1)[0] == songs(checkpoint, "分开", samples=20)[0]
    assert len(set(songs(checkpoint, "分开", temperature=0.0))) == 1


def test_more_songs_than_are_decoded_at_once(random_checkpoint: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = songs(random_checkpoint(), "分开", samples=7)
    monkeypatch.setattr(generation, "AT_ONCE", 3)
    assert songs(random_checkpoint(), "分开", samples=7) == whole


def test_streaming_gives_the_same_song(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    decoder = Recurrent(checkpoint.model, checkpoint.parameters)
    pieces = write(decoder, checkpoint.vocabulary, "分开", SampleConfig(length=40, drafts=1), [song_rng(1, 2)])
    assert "分开" + "".join(piece for (piece,) in pieces) == songs(checkpoint, "分开")[2]


def test_a_prefix_is_normalised_and_begins_a_line(random_checkpoint: Make) -> None:
    """After a line end, normalised, character by character."""
    checkpoint = random_checkpoint(text="\né分开")
    decoder = Recurrent(checkpoint.model, checkpoint.parameters)
    logits, state = read_prefix(decoder, checkpoint.vocabulary, "e\u0301\r\n分")
    expected = decoder.initial_state()
    for char_id in checkpoint.vocabulary.encode("\né\n分"):
        other, expected = decoder.step(np.array([char_id]), expected)
    np.testing.assert_array_equal(logits, other)
    np.testing.assert_array_equal(state, expected)


def test_a_model_without_line_ends_and_without_spaces_writes_too(random_checkpoint: Make) -> None:
    assert songs(random_checkpoint(text="分开"), "")  # neither: the unknown character stands in


class Recorder(Recurrent):
    """Keeps the bytes of all logits that it gives, a batch each."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint.model, checkpoint.parameters)
        self.seen: list[bytes] = []

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        logits, state = super().step(ids, state)
        self.seen.append(logits.tobytes())
        return logits, state


def recorded(checkpoint: Checkpoint, asked: dict[str, Any], *, seed: int, samples: int) -> tuple[str, list[bytes]]:
    """The first song, and the logits of every step."""
    decoder = Recorder(checkpoint)
    form = {name: value for name, value in asked.items() if name in FormConfig.__dataclass_fields__}
    sample = {name: asked[name] for name in asked.keys() - form.keys()}
    writer = Writer(decoder, checkpoint.vocabulary, SampleConfig(**sample), FormConfig(**form))
    first, *_ = writer.songs("山", seed=seed, samples=samples)
    return first, decoder.seen


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("hidden", [6, 37, 128])
@pytest.mark.parametrize(
    "asked",
    [{"length": 30}, {"form": "4,4,3"}, {"form": "5,5", "rhyme": "AA", "drafts": 3}],
    ids=["free", "form", "drafts"],
)
def test_the_first_of_many_songs_is_the_song_alone_to_the_last_bit(
    asked: dict[str, Any], hidden: int, cell: str, random_checkpoint: Make
) -> None:
    checkpoint = random_checkpoint(cell=cell, hidden=hidden, layers=2)
    for seed in (1, 2):
        song, logits = recorded(checkpoint, asked, seed=seed, samples=1)
        for samples in (2, 20):
            first, among = recorded(checkpoint, asked, seed=seed, samples=samples)
            assert first == song
            assert set(logits) <= set(among)
