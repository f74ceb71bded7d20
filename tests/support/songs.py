"""Songs of a checkpoint under options of both kinds, named as for the library."""

from __future__ import annotations

from typing import Any

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.writing.generation import Writer

LYRIC = {"form": "7,7,5,7", "rhyme": "AABA"}


def configs(options: dict[str, Any]) -> tuple[SampleConfig, FormConfig]:
    """The two configs that options describe."""
    sample = {name: value for name, value in options.items() if name in SampleConfig.__dataclass_fields__}
    return SampleConfig(**sample), FormConfig(**{name: options[name] for name in options.keys() - sample.keys()})


def writer(checkpoint: Checkpoint, options: dict[str, Any], decoder: Decoder | None = None) -> Writer:
    """A writer under these options; ``decoder`` may stand in for the checkpoint's own."""
    return Writer(
        decoder or checkpoint.decoder(),
        checkpoint.vocabulary,
        *configs(options),
        checkpoint.text.ids("train") if checkpoint.text else None,
    )


def songs(
    checkpoint: Checkpoint,
    options: dict[str, Any],
    *,
    prefix: str = "",
    seed: int = 1,
    samples: int = 12,
    decoder: Decoder | None = None,
) -> list[str]:
    """Whole songs under these options."""
    return list(writer(checkpoint, options, decoder).songs(prefix, seed=seed, samples=samples))
