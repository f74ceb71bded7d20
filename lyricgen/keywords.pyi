"""The keywords of the Python API, for editors and type checkers: one for each field of a configuration.

Only imported while types are checked; a test holds it to the configurations.
"""

from __future__ import annotations

from typing import TypedDict

class PrepareKeywords(TypedDict, total=False):
    """Fields of PrepareConfig."""

    encoding: str
    max_chars: int
    field: str | None
    keep_credits: bool
    songs_by: str
    keep_copies: bool
    keep_translations: bool
    script: str | None
    newlines: str
    split: str
    valid_fraction: float
    test_fraction: float
    min_count: int

class TrainKeywords(TypedDict, total=False):
    """Fields of ModelConfig, TrainConfig, EngineConfig."""

    cell: str
    gru_reset: str
    hidden: int
    layers: int
    embedding: int
    tie: bool
    bidirectional: bool
    ngram: bool | None
    order: int
    dropout: float | None
    batch_size: int
    steps: int
    epochs: int
    sampling: str
    optimizer: str
    lr: float
    schedule: str
    clip: float
    patience: int
    keep_text: bool
    seed: int
    engine: str | None
    device: str
    threads: int | None

class FillKeywords(TypedDict, total=False):
    """Fields of SampleConfig, FormConfig that a filling has."""

    ban: str | None
    form: str | None
    lines: int | None
    line_length: int | None
    structure: str | None
    acrostic: str | None
    words: str | None
    tones_by: str
    rhyme: str | None
    rhyme_with: str | None
    rhyme_by: str
    rhyme_identical: bool

class SongKeywords(FillKeywords, total=False):
    """Fields of SampleConfig, FormConfig."""

    length: int | None
    temperature: float
    top_k: int
    top_p: float
    no_repeat: int
    max_copy: int | None
    theme: str | None
    drafts: int
    seed: int | None
