"""What can be chosen: every option with its default, its bounds and its help, once.

The command line makes its options from these fields and a checkpoint keeps them as metadata, so that a flag, a
key in a file and a name in the code are always the same word.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from lyricgen.errors import FileError, OptionError


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The interval a number must lie in; None leaves a side open."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False

    def hold(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        above = self.low is None or (value > self.low if self.low_open else value >= self.low)
        return above and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        parts = [f"{'>' if self.low_open else '>='} {self.low}"] if self.low is not None else []
        return " and ".join(parts + ([f"<= {self.high}"] if self.high is not None else []))


def _option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    kind: type | None = None,
) -> Any:
    kind = kind or type(default)
    metadata = {"help": help, "choices": choices, "bounds": bounds, "kind": kind}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class _Config:
    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))


def flag(name: str) -> str:
    """The command line's spelling of a field: ``batch_size`` -> ``--batch-size``."""
    return "--" + name.replace("_", "-")


def _check(field: dataclasses.Field[Any], value: Any) -> None:
    bounds, choices = field.metadata["bounds"], field.metadata["choices"]
    if value is None and field.default is None:
        return
    kind = field.metadata["kind"]
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, float) if kind is float else kind):
        raise OptionError(f"{flag(field.name)}: {value!r} is not of type {kind.__name__}")
    if choices and value not in choices:
        raise OptionError(f"{flag(field.name)}: {value!r} is none of {', '.join(choices)}")
    if bounds and not bounds.hold(value):
        raise OptionError(f"{flag(field.name)}: {value} is out of range, it must be {bounds}")


COUNT = Bounds(low=1)
FRACTION = Bounds(low=0.0, high=0.9)


@dataclasses.dataclass(frozen=True)
class PrepareConfig(_Config):
    """How a corpus becomes a dataset."""

    encoding: str = _option("utf-8", "Encoding of the sources, for instance gb18030.")
    max_chars: int = _option(0, "Use the first N characters only (0: all).", bounds=Bounds(low=0))
    newlines: str = _option("keep", "Keep line ends, or turn them into spaces.", choices=("keep", "space"))
    valid_fraction: float = _option(
        0.05, "Share of the text, after the training part, that chooses the best epoch.", bounds=FRACTION
    )
    test_fraction: float = _option(0.0, "Share at the end that training never sees.", bounds=FRACTION)
    min_count: int = _option(1, "Rarer characters become the unknown character.", bounds=COUNT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.valid_fraction + self.test_fraction > 0.95:
            raise OptionError("--valid-fraction and --test-fraction leave nothing to train on: lower them")


@dataclasses.dataclass(frozen=True)
class ModelConfig(_Config):
    """What the network is: enough, with a vocabulary, to know the shape of every parameter."""

    cell: str = _option(
        "gru", "Recurrent cell, or ngram for a model that counts.", choices=("rnn", "gru", "lstm", "ngram")
    )
    gru_reset: str = _option(
        "after",
        "Where a GRU's reset gate acts: after the matrix product (cuDNN) or before it (Cho et al. 2014).",
        choices=("after", "before"),
    )
    hidden: int = _option(256, "Hidden units in each layer.", bounds=Bounds(1, 16384))
    layers: int = _option(1, "Layers, one upon the other.", bounds=Bounds(1, 64))
    embedding: int = _option(0, "Width of the character embedding (0: as --hidden).", bounds=Bounds(0, 16384))
    tie: bool = _option(True, "Use the embedding as output weights too (Press & Wolf 2017).")
    bidirectional: bool = _option(
        False, "Predict each character from what stands before and after it: a model that fills blanks."
    )
    order: int = _option(6, "Longest n-gram that --cell ngram counts.", bounds=Bounds(1, 16))

    @property
    def embedding_size(self) -> int:
        return self.embedding or self.hidden


# What a training does against learning by heart, unless told otherwise; nothing without a validation part.
DROPOUT, LEAST_DROPOUT, UNKNOWN_RATE, RESET_RATE = 0.6, 0.1, 0.5, 0.02
SMALL = 100_000  # characters; longer texts need less dropout


@dataclasses.dataclass(frozen=True)
class TrainConfig(_Config):
    """How the network learns."""

    dropout: float | None = _option(
        None,
        "Locked dropout on the input, between layers and on the output (Gal & Ghahramani 2016). "
        f"[default: {DROPOUT:g}, less for more than {SMALL:,} characters, 0 without a validation part]",
        bounds=Bounds(0.0, 0.95),
        kind=float,
    )
    embedding_dropout: float = _option(
        0.0, "Share of the vocabulary whose embedding a minibatch does not see (Gal & Ghahramani 2016).",
        bounds=Bounds(0.0, 0.95),
    )  # fmt: skip
    weight_decay: float = _option(
        0.0, "Decay of the weights, decoupled from the gradient: times the learning rate (Loshchilov & Hutter 2019).",
        bounds=Bounds(low=0.0),
    )  # fmt: skip
    unknown_rate: float | None = _option(
        None,
        "Share of the characters seen only once that an epoch reads as unknown, so that the unknown is learnt. "
        f"[default: {UNKNOWN_RATE:g}, or 0 without a validation part]",
        bounds=Bounds(0.0, 1.0),
        kind=float,
    )
    reset_rate: float | None = _option(
        None,
        "Share of the rows that begin anew at each consecutive minibatch, from a zero state (Melis et al. 2018). "
        f"[default: {RESET_RATE:g}, or 0 without a validation part]",
        bounds=Bounds(0.0, 1.0),
        kind=float,
    )
    batch_size: int = _option(32, "Stretches of text side by side in a minibatch.", bounds=Bounds(1, 65536))
    steps: int = _option(35, "Characters in a stretch (truncated back-propagation).", bounds=Bounds(1, 65536))
    epochs: int = _option(15, "Passes over the training text.", bounds=COUNT)
    sampling: str = _option(
        "consecutive",
        "Minibatches that continue one another, state carried over, or random ones that start from zero.",
        choices=("random", "consecutive"),
    )
    optimizer: str = _option("adam", "How gradients become steps.", choices=("adam", "sgd"))
    lr: float = _option(0.008, "Learning rate (the highest one of a schedule).", bounds=Bounds(low=0.0, low_open=True))
    schedule: str = _option(
        "cosine", "Learning rate over time: constant, or falling to zero.", choices=("constant", "cosine")
    )
    warmup: float = _option(
        0.0, "Share of all epochs in which the learning rate rises from zero (Goyal et al. 2017).",
        bounds=Bounds(0.0, 1.0),
    )  # fmt: skip
    clip: float = _option(1.0, "Largest global norm of the gradient (0: off).", bounds=Bounds(low=0.0))
    patience: int = _option(
        0, "Stop after N epochs without a better validation perplexity (0: never).", bounds=Bounds(low=0)
    )
    index: bool = _option(
        True, "Keep the training text in the checkpoint, so that copies from it can be told (generate --max-copy)."
    )
    seed: int = _option(1, "Seed of the weights, minibatches and dropout.", bounds=Bounds(0, 2**63 - 1))

    def settled(self, characters: int, *, held_out: bool) -> TrainConfig:
        """The same with every choice made, for a training text of that length.

        Who holds no text out wants the text learnt by heart. Dropout falls by 0.3 for ten times the text.
        """
        dropout = min(DROPOUT, max(LEAST_DROPOUT, DROPOUT - 0.3 * math.log10(max(characters, 1) / SMALL)))
        usual = {"dropout": round(dropout, 2), "unknown_rate": UNKNOWN_RATE, "reset_rate": RESET_RATE}
        chosen = {name: value if held_out else 0.0 for name, value in usual.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **chosen)  # type: ignore[arg-type]


LENGTH = 200  # characters of a song that nothing else ends


@dataclasses.dataclass(frozen=True)
class SampleConfig(_Config):
    """How the next character is drawn."""

    length: int | None = _option(
        None, f"Characters to write after the prefix. [default: {LENGTH}, or what the song's form takes]",
        bounds=Bounds(low=0), kind=int,
    )  # fmt: skip
    temperature: float = _option(
        0.8, "Divides the logits: below 1 safer, above 1 bolder, 0 the most likely character.", bounds=Bounds(low=0.0)
    )
    top_k: int = _option(0, "Draw from the K most likely characters only (0: off).", bounds=Bounds(low=0))
    top_p: float = _option(
        1.0,
        "Draw from the smallest set with this much probability (Holtzman et al. 2020; 1: off).",
        bounds=Bounds(0.0, 1.0, low_open=True),
    )
    repetition_penalty: float = _option(
        1.0, "Divides the probability of what the song has sung of late (1: off).", bounds=Bounds(low=1.0)
    )
    no_repeat: int = _option(
        0, "No N characters in a row stand twice in the lines of a song (0: off).", bounds=Bounds(low=0)
    )
    max_copy: int = _option(
        0, "No stretch longer than N characters stands in the training text (0: off).", bounds=Bounds(low=0)
    )
    particles: int = _option(
        1, "Ways in which the end of each line is tried, to keep the form with the best of them.",
        bounds=Bounds(1, 256),
    )  # fmt: skip
    beam: int = _option(
        0, "Search the likeliest song, K unfinished ones side by side, instead of drawing one (0: off).",
        bounds=Bounds(0, 1024),
    )  # fmt: skip
    diversity: float = _option(
        0.5, "What a character costs in nats that an earlier one of several --beam songs has at that place.",
        bounds=Bounds(low=0.0),
    )  # fmt: skip
    seed: int | None = _option(
        None, "Seed; the same one writes the same text. [default: a fresh one, told on stderr]",
        bounds=Bounds(0, 2**63 - 1), kind=int,
    )  # fmt: skip

    @property
    def is_free(self) -> bool:
        """Whether nothing forbids a character."""
        return self.repetition_penalty == 1 and not (self.no_repeat or self.max_copy or self.beam)


@dataclasses.dataclass(frozen=True)
class FormConfig(_Config):
    """What a song must be: its lines, how they begin, how they end, and which of them return."""

    lines: int | None = _option(None, "Lines of a song (of a section, with --structure).", bounds=COUNT, kind=int)
    line_length: int | None = _option(
        None, "Characters of every line; punctuation and spaces do not count.", bounds=Bounds(1, 256), kind=int
    )
    form: str | None = _option(
        None, "Characters of each line: 7,7,5,7 (* for any number, / for a blank line), repeated as need be.", kind=str
    )
    until_blank: bool = _option(False, "End where the model leaves a line blank, as a corpus does between songs.")
    acrostic: str | None = _option(None, "Line n begins with the n-th of these characters.", kind=str)
    rhyme: str | None = _option(
        None, "Rhyme scheme: AABA, ABAB, AA, ... (- for a line without), anew for each repetition; A: all lines.",
        kind=str,
    )  # fmt: skip
    rhyme_with: str | None = _option(
        None, "What the scheme's letters rhyme with, a character for each (or words with spaces between).", kind=str
    )
    rhyme_strict: bool = _option(False, "The very same final, instead of one of the same group of the thirteen.")
    rhyme_identical: bool = _option(False, "Let lines that rhyme end in the same character.")
    structure: str | None = _option(
        None, "Sections, as ABAB: each letter's is written once and returns word for word.", kind=str
    )

    @property
    def is_free(self) -> bool:
        """Whether nothing is asked of the lines."""
        return self == FormConfig()


Config = TypeVar("Config", bound=_Config)


def from_json(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """The config that a file's metadata describes; FileError when it describes none."""
    try:
        return kind(**values)
    except (TypeError, OptionError) as error:
        raise FileError(f"its {kind.__name__} is damaged or from a newer lyricgen ({error})") from error
