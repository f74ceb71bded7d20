"""A model and a text -> the views of the model, each computed once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lyricgen.inspection import features as of_text
from lyricgen.inspection import nearest
from lyricgen.inspection.expectation import expectation, of_logits
from lyricgen.inspection.saliency import known, memory
from lyricgen.inspection.trace import Trace, TracedLayer, Weights
from lyricgen.inspection.units import follow
from lyricgen.inspection.views import Expectation, Gates, Inspection, Like, States
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.model.evaluation import Text
from lyricgen.model.mixture import Mixture
from lyricgen.model.parameters import Floats
from lyricgen.model.recurrent import Recurrent
from lyricgen.model.scoring import perplexity
from lyricgen.text.prompt import line_start

BEFORE, BEHIND, BOTH = "the text before", "the text behind", "both sides"
_CLOSED = 1e-30  # of a gate that single precision rounds to zero
_COUNTED = "an n-gram model is counted: it has no units, gates or memory to look into"
_MIXED = "what was expected is of the whole model, with its n-grams; all else is of the network alone"
_NO_TEXT = "the checkpoint keeps no training text, so that no place in it can be shown"


def inspect(model: Decoder | Bidirectional, checkpoint: Checkpoint, text: Text) -> Inspection:
    """Inspect a model that reads a text of at least two characters.

    The expectation is that of the whole ``model``, with the n-grams beside a network; all else is of the network. A
    bidirectional network reads the whole text from either side.
    """
    if checkpoint.model.cell == "ngram":
        return _inspection(checkpoint, text, [expectation(model, text.ids)], notes=(_COUNTED,))
    weights = Weights(checkpoint.model, checkpoint.parameters)
    read = weights.traces(text.ids)
    seen = _inspection(
        checkpoint, text, list(_sides(weights, read, text)) if len(read) > 1 else [expectation(model, text.ids)]
    )
    depends = memory(weights, read, text.ids)
    seen = dataclasses.replace(
        seen, states=tuple(_states(checkpoint, read, text)), gates=tuple(_gates(read)), memory=depends
    )
    notes = (_MIXED,) if isinstance(model, Mixture) else ()
    if checkpoint.text is None:
        return dataclasses.replace(seen, notes=(*notes, _NO_TEXT))
    return dataclasses.replace(seen, notes=notes, like=_like(checkpoint, known(weights, read)))


def _inspection(
    checkpoint: Checkpoint, text: Text, expectations: Sequence[Expectation], *, notes: tuple[str, ...] = ()
) -> Inspection:
    bits = expectations[-1].bits
    overall = perplexity(float(bits.sum()) * math.log(2), len(bits))
    return Inspection(text.name, text.text, text.ids, checkpoint.vocabulary, overall, tuple(expectations), notes=notes)


def _sides(weights: Weights, read: Sequence[Trace], text: Text) -> Iterator[Expectation]:
    """Yield the expectation of each stack alone, as if there were no other side, and that of both together."""
    hidden, size, output = known(weights, read)[:-1], weights.config.hidden, weights.output
    for name, here in ((BEFORE, slice(size)), (BEHIND, slice(size, None)), (BOTH, slice(None))):
        alone = hidden[:, here] @ output[:, here].T + weights.parameters["output.bias"]
        yield of_logits(alone, text.ids, name)


def _states(checkpoint: Checkpoint, read: Sequence[Trace], text: Text) -> Iterator[States]:
    features = of_text.features(text.text, line_start(checkpoint.vocabulary))
    for name, layer, is_reversed in _layers(read):
        after = layer.after[::-1] if is_reversed else layer.after
        for kind, values in zip(("hidden state", "memory cell"), after.transpose(1, 0, 2)):
            yield follow(f"{name}, {kind}", values, features)


def _gates(read: Sequence[Trace]) -> Iterator[Gates]:
    for name, layer, is_reversed in _layers(read):
        values = {gate: opened[::-1] if is_reversed else opened for gate, opened in layer.gates().items()}
        if values:
            keeps = layer.recurrence.keeps
            yield Gates(name, values, keeps, half_lives(values[keeps]))


def _layers(read: Sequence[Trace]) -> Iterator[tuple[str, TracedLayer, bool]]:
    """Yield each layer's name and states, and whether it reads from the end."""
    for number, trace in enumerate(read):
        side = "" if len(read) == 1 else ("forward ", "backward ")[number]
        for depth, layer in enumerate(trace.layers, 1):
            yield f"{side}layer {depth}", layer, number > 0


def _like(checkpoint: Checkpoint, states: Floats) -> Like:
    assert checkpoint.text is not None
    kind = Bidirectional if checkpoint.model.bidirectional else Recurrent
    network = kind(checkpoint.model, checkpoint.parameters)
    train, text = checkpoint.text.ids("train"), checkpoint.text.text("train")
    return nearest.nearest(states, network, train, text)


def half_lives(kept: Floats) -> NDArray[np.float64]:
    """Return the characters after which a unit keeps half of its value (H,), by the gate that keeps (T, H).

    The share that is kept is the product of the gate over the characters, hence the geometric mean. A unit whose gate
    never closes has an infinite half-life.
    """
    decay = -np.log(np.maximum(kept, _CLOSED), dtype=np.float64).mean(axis=0)
    lives: NDArray[np.float64] = np.divide(math.log(2), decay, out=np.full(len(decay), np.inf), where=decay > 0)
    return lives
