"""How a text begins for a model: after a line end, and normalised as the training text was."""

from __future__ import annotations

import re

from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary

_BETWEEN = re.compile("[\\s,，、;；]+")


def line_start(vocabulary: Vocabulary) -> str:
    """The character before a line: a line end, or a space if the training text had its line ends replaced by spaces."""
    return "\n" if "\n" in vocabulary else " "


def normalise_prompt(vocabulary: Vocabulary, prefix: str) -> str:
    """A prefix, normalised as the training text was. Line ends become spaces if the vocabulary holds no line end."""
    return corpus.flatten(corpus.normalise(prefix), "keep" if "\n" in vocabulary else "space")


def split_words(vocabulary: Vocabulary, given: str) -> list[str]:
    """The words that an option lists, parted by commas or spaces, normalised as the training text was."""
    return [word for word in _BETWEEN.split(normalise_prompt(vocabulary, given)) if word]
