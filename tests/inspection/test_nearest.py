"""Where a training text has a state like that of a character."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from support.command import SONG
from support.traces import double, embedded, read_plainly

from lyricgen.inspection import nearest
from lyricgen.inspection.saliency import known
from lyricgen.inspection.trace import Weights
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.recurrent import Recurrent


def states_of(checkpoint: Checkpoint, ids: Any) -> Any:
    weights = Weights(checkpoint.model, checkpoint.parameters)
    return known(weights, weights.traces(ids))


def test_the_nearest_places(random_checkpoint: Callable[..., Checkpoint], monkeypatch: pytest.MonkeyPatch) -> None:
    """Against cosines of plain states; a text in one stretch, read from its beginning."""
    monkeypatch.setattr(nearest, "ROWS", 1)
    checkpoint = random_checkpoint(cell="gru")
    text, ids = SONG[:120], checkpoint.vocabulary.encode(SONG[:120])
    network = Recurrent(checkpoint.model, checkpoint.parameters)
    here = states_of(checkpoint, checkpoint.vocabulary.encode("看你分开"))
    found = nearest.nearest(here, network, ids, text)
    states, _ = read_plainly(checkpoint.model, double(checkpoint), embedded(checkpoint, ids))
    there = np.concatenate([each[-1][0] for each in states])[32:]
    cosines = here @ there.T / np.linalg.norm(here, axis=1)[:, None] / np.linalg.norm(there, axis=1)
    np.testing.assert_allclose(found.similarity[:, 0], cosines.max(axis=1), atol=1e-5)
    assert found.searched == 120 - 32
    assert found.of == 120
    for row, best in enumerate(cosines.argmax(axis=1)):
        line, column = found.places[row, 0]
        place = int(best) + 32
        assert text[place - column : place - column + len(found.lines[line])] == found.lines[line]
    assert all(len({found.lines[line] for line, _ in row}) == len(row) for row in found.places)
    assert found.places.shape == (4, nearest.SHOWN, 2)


@pytest.mark.parametrize("model", [{"cell": "lstm"}, {"cell": "gru", "bidirectional": True}], ids=str)
def test_a_text_finds_itself(
    model: dict[str, Any], random_checkpoint: Callable[..., Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from elsewhere, but for long enough, a place has the same state; from both sides only with the same text."""
    checkpoint = random_checkpoint(**model)
    kind = Bidirectional if checkpoint.model.bidirectional else Recurrent
    ids = checkpoint.vocabulary.encode(SONG)
    monkeypatch.setattr(nearest, "ROWS", 2)
    found = nearest.nearest(states_of(checkpoint, ids), kind(checkpoint.model, checkpoint.parameters), ids, SONG)
    within = [*range(40, 120), *range(230, 300)]  # far from the ends of the two stretches
    assert found.similarity[within, 0].min() > 0.9999
    assert np.all(np.diff(found.similarity, axis=1) <= 1e-6)


@pytest.mark.parametrize("text", ["山上", "\n\n\n\n", "山" * 100])
def test_small_and_long_texts(text: str, random_checkpoint: Callable[..., Checkpoint]) -> None:
    checkpoint = random_checkpoint(cell="rnn")
    ids = checkpoint.vocabulary.encode(text)
    found = nearest.nearest(states_of(checkpoint, ids), Recurrent(checkpoint.model, checkpoint.parameters), ids, text)
    assert len(found.places) == len(text)
    assert all(len(line) <= 40 for line in found.lines)
