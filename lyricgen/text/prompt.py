"""How a text and a line begin for a model: with a line end, and normalised as its training text was."""

from __future__ import annotations

from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary


def line_start(vocabulary: Vocabulary) -> str:
    """What stands before a song: a line end, or the space that is one where line ends were made spaces."""
    return "\n" if "\n" in vocabulary else " "


def as_taught(vocabulary: Vocabulary, prefix: str) -> str:
    """A prefix in the form that the training text had: normalised, line ends as spaces where the model knows none."""
    return corpus.flatten(corpus.normalise(prefix), "keep" if "\n" in vocabulary else "space")
