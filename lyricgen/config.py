"""What can be chosen: every option with its default, its bounds and its help, once.

The command line makes its options from these fields and a checkpoint keeps them as metadata. A flag, its variable, its
key in a TOML file and the keyword in Python are one word:
``--batch-size``, ``LYRICGEN_TRAIN_BATCH_SIZE``, ``batch_size``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from lyricgen.errors import OptionError
from lyricgen.schema import Bounds, Checked, field


def _option(default: Any, help: str, *, group: str, kind: type | None = None, **limits: Any) -> Any:
    return field(kind or type(default), default, help=help, group=group, **limits)


def flag(name: str) -> str:
    """The command line's spelling of a field: ``batch_size`` -> ``--batch-size``."""
    return "--" + name.replace("_", "-")


@dataclasses.dataclass(frozen=True)
class _Config(Checked):
    spell = staticmethod(flag)


# The headings under which --help lists the options.
TEXT, HELD_OUT = "Text", "Held-out parts"
ENGINES = ("mxnet", "numpy")
SCRIPTS = ("simplified", "traditional")
MODEL, LEARNING, MINIBATCHES, OUTPUT, MACHINES = "Model", "Learning", "Minibatches", "Output", "Several machines"
DRAWING, FORM, RHYME, SEARCH = "Drawing", "Form", "Rhyme", "Search"

COUNT, WHOLE = Bounds(low=1), Bounds(low=0)
_LEAST, _MOST = 1e-20, 1e38  # what MXNet's operators take, in single precision, also times what a schedule leaves
_SINGLE, _SINGLE_OR_ZERO = Bounds(_LEAST, _MOST), Bounds(_LEAST, _MOST, or_zero=True)
FRACTION = Bounds(low=0.0, high=0.9)
COUNTED = 3_000_000  # characters; the n-grams of a longer text take too long to read


@dataclasses.dataclass(frozen=True)
class PrepareConfig(_Config):
    """How a corpus becomes a dataset."""

    encoding: str = _option("utf-8", "Encoding of the sources, for instance gb18030.", group=TEXT)
    max_chars: int = _option(0, "Use the first N characters only (0: all).", bounds=WHOLE, group=TEXT)
    field: str | None = _option(
        None, "The field of a .json, .jsonl or .csv file that holds a song, for instance lyric.", kind=str, group=TEXT
    )
    keep_credits: bool = _option(
        False, "Keep lines like 作词：… and Lyrics by …; time stamps and section marks are always left out.", group=TEXT
    )
    script: str | None = _option(
        None, "Turn all Chinese characters into this script. [default: as they are]",
        kind=str, choices=SCRIPTS, group=TEXT,
    )  # fmt: skip
    newlines: str = _option("keep", "Keep line ends, or turn them into spaces.", choices=("keep", "space"), group=TEXT)
    split: str = _option(
        "songs",
        "Hold out whole songs of each source (its end, if it has less than 20 songs), or the end of the whole text.",
        choices=("songs", "tail"),
        group=HELD_OUT,
    )
    valid_fraction: float = _option(
        0.05,
        "Share of the text that chooses the best epoch.",
        bounds=FRACTION,
        group=HELD_OUT,
    )
    test_fraction: float = _option(0.0, "Share of the text that training never sees.", bounds=FRACTION, group=HELD_OUT)
    min_count: int = _option(1, "Rarer characters become the unknown character.", bounds=COUNT, group=TEXT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.valid_fraction + self.test_fraction > 0.95:
            raise OptionError("--valid-fraction and --test-fraction leave nothing to train on: lower them")


# The sizes of a text, in characters, by which defaults are chosen; see usual_options.
SMALL, MIDDLE, LARGE = 100_000, 60_000, 1_000_000
HIDDEN, RATE = 256, 0.006
EPOCHS, MOST_EPOCHS, DROPOUT = 16, 60, 0.6  # with MIDDLE characters (MOST_EPOCHS: with the fewest)
UNKNOWN_RATE, RESET_RATE = 0.5, 0.02  # none without a validation part


@dataclasses.dataclass(frozen=True)
class ModelConfig(_Config):
    """What the network is: enough, with a vocabulary, to know the shape of every parameter."""

    cell: str = _option(
        "gru",
        "Recurrent cell, or ngram for a model that counts.",
        choices=("rnn", "gru", "lstm", "ngram"),
        group=MODEL,
    )
    gru_reset: str = _option(
        "after",
        "Where a GRU's reset gate acts: after the matrix product (cuDNN) or before it (Cho et al. 2014).",
        choices=("after", "before"),
        group=MODEL,
    )
    hidden: int = _option(
        HIDDEN, f"Hidden units in each layer. [default: {HIDDEN}, or 512 for more than {LARGE:,} characters]",
        bounds=Bounds(1, 16384), group=MODEL,
    )  # fmt: skip
    layers: int = _option(1, "Layers.", bounds=Bounds(1, 64), group=MODEL)
    embedding: int = _option(
        0,
        f"Width of the character embedding (0: as --hidden). [default: 0, or 256 for more than {LARGE:,} characters]",
        bounds=Bounds(0, 16384), group=MODEL,
    )  # fmt: skip
    tie: bool = _option(True, "Use the embedding as output weights too (Press & Wolf 2017).", group=MODEL)
    bidirectional: bool = _option(
        False,
        "Predict each character from the text before and after it: a model for `fill`.",
        group=MODEL,
    )
    ngram: bool | None = _option(
        None,
        "Count n-grams beside the network and mix both. [default: yes, unless --cell names the model, nothing is held "
        f"out, or the text has more than {COUNTED:,} characters]",
        kind=bool,
        group=MODEL,
    )
    order: int = _option(6, "Longest n-gram that is counted.", bounds=Bounds(1, 16), group=MODEL)

    @property
    def embedding_size(self) -> int:
        return self.embedding or self.hidden

    @property
    def resets_before(self) -> bool:
        """Whether it is the GRU whose reset gate acts before the product."""
        return self.cell == "gru" and self.gru_reset == "before"


@dataclasses.dataclass(frozen=True)
class TrainConfig(_Config):
    """How the network learns."""

    dropout: float | None = _option(
        None,
        "Locked dropout on the input, between layers and on the output (Gal & Ghahramani 2016). "
        f"[default: {DROPOUT:g} for {MIDDLE:,} characters, less for more; 0 without a validation part]",
        bounds=Bounds(0.0, 0.95),
        kind=float,
        group=LEARNING,
    )
    unknown_rate: float | None = _option(
        None,
        "Share of the characters that occur once which an epoch reads as unknown, so that the unknown is learnt. "
        f"[default: {UNKNOWN_RATE:g}, or 0 without a validation part]",
        bounds=Bounds(0.0, 1.0),
        kind=float,
        group=MINIBATCHES,
    )
    reset_rate: float | None = _option(
        None,
        "Share of the rows that start from a zero state at each consecutive minibatch (Melis et al. 2018). "
        f"[default: {RESET_RATE:g}, or 0 without a validation part]",
        bounds=Bounds(0.0, 1.0),
        kind=float,
        group=MINIBATCHES,
    )
    batch_size: int = _option(
        32, f"Rows of a minibatch. [default: 16 up to {SMALL:,} characters, else 32]",
        bounds=Bounds(1, 65536), group=MINIBATCHES,
    )  # fmt: skip
    steps: int = _option(
        35,
        "Characters in a row of a minibatch (truncated back-propagation).",
        bounds=Bounds(1, 65536),
        group=MINIBATCHES,
    )
    epochs: int = _option(
        EPOCHS,
        f"Passes over the training text. [default: {EPOCHS} for {MIDDLE:,} characters, fewer for more, or with --base]",
        bounds=COUNT,
        group=LEARNING,
    )
    sampling: str = _option(
        "consecutive",
        "consecutive: each minibatch continues the one before and keeps its state; random: each starts from zero.",
        choices=("random", "consecutive"),
        group=MINIBATCHES,
    )
    optimizer: str = _option("adam", "Optimizer.", choices=("adam", "sgd"), group=LEARNING)
    lr: float = _option(
        RATE,
        f"Learning rate (the highest one of a schedule). [default: {RATE:g}, less for wider networks or with --base]",
        bounds=_SINGLE, group=LEARNING,
    )  # fmt: skip
    schedule: str = _option(
        "cosine",
        "Learning rate over time: constant, or falling to zero.",
        choices=("constant", "cosine"),
        group=LEARNING,
    )
    clip: float = _option(1.0, "Largest global norm of the gradient (0: off).", bounds=_SINGLE_OR_ZERO, group=LEARNING)
    patience: int = _option(
        0,
        "Stop after N epochs without a better validation perplexity (0: never).",
        bounds=WHOLE,
        group=LEARNING,
    )
    keep_text: bool = _option(
        True,
        "Keep the text in the checkpoint: the training part to find copies, the held-out parts to measure with.",
        group=OUTPUT,
    )
    seed: int = _option(1, "Seed of the weights, minibatches and dropout.", bounds=Bounds(0, 2**63 - 1), group=LEARNING)

    def resolve_defaults(self, characters: int, *, held_out: bool) -> TrainConfig:
        """The same with all defaults filled in, for a model that has then read so many characters.

        Without a held-out part the text is to be memorised.
        """
        dropout = min(0.7, DROPOUT * (MIDDLE / max(characters, 1)) ** 0.35)
        usual = {"dropout": round(dropout, 2), "unknown_rate": UNKNOWN_RATE, "reset_rate": RESET_RATE}
        chosen = {name: value if held_out else 0.0 for name, value in usual.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **chosen)  # type: ignore[arg-type]


def usual_options(characters: int, before: int = 0, *, hidden: int | None = None) -> dict[str, Any]:
    """The defaults of ``train`` by what it learns from: a text of so many characters, beside others read ``before``.

    All were chosen by measurement (tests/benchmarks/README.md). The more characters, the wider the network, the larger
    the minibatches and the fewer the epochs; the wider the network, the lower the rate. The more was read before, the
    less is to learn: rate and epochs fall with the square root of the text's share of all.
    """
    whole = max(characters, 1) + before
    share = math.sqrt(max(characters, 1) / whole)
    usual: dict[str, Any] = {} if whole <= LARGE else {"hidden": 512, "embedding": 256}
    width = hidden or usual.get("hidden", HIDDEN)
    return {
        **usual,
        "lr": float(f"{RATE * share * min(1, math.sqrt(HIDDEN / width)):.2g}"),
        "epochs": min(MOST_EPOCHS, max(1, round(EPOCHS * math.sqrt(MIDDLE / max(characters, 1)) * share))),
        "batch_size": 16 if whole <= SMALL else 32,
    }


TONES_OF_SONG = "like"  # the value of --tones that takes those of the song of --like
THEME_STRENGTH = 2.0  # nine songs of ten have the word then, at 0.1 nats a character
LENGTH = 200  # characters of a song that nothing else ends


@dataclasses.dataclass(frozen=True)
class SampleConfig(_Config):
    """How the next character is drawn."""

    length: int | None = _option(
        None, f"Characters to write after the prefix. [default: {LENGTH}, or what the song's form takes]",
        bounds=Bounds(0, 10_000_000), kind=int,
        group=DRAWING,
    )  # fmt: skip
    temperature: float = _option(
        0.5,
        "Divides the logits: below 1 safer, above 1 bolder, 0 the most likely character.",
        bounds=Bounds(0.001, 1000.0, or_zero=True),
        group=DRAWING,
    )
    top_k: int = _option(0, "Draw from the K most likely characters only (0: off).", bounds=WHOLE, group=DRAWING)
    top_p: float = _option(
        1.0,
        "Draw from the smallest set with this much probability (Holtzman et al. 2020; 1: off).",
        bounds=Bounds(0.0, 1.0, low_open=True),
        group=DRAWING,
    )
    repetition_penalty: float = _option(
        1.0,
        "Divides the probability of recent characters (1: off).",
        bounds=Bounds(1.0, 1e6),
        group=DRAWING,
    )
    no_repeat: int = _option(
        0,
        "No N characters in a row occur twice in the lines of a song (0: off).",
        bounds=Bounds(0, 10_000),
        group=DRAWING,
    )
    max_copy: int = _option(
        0,
        "No more than N characters in a row come from the training text (0: off).",
        bounds=Bounds(0, 10_000),
        group=DRAWING,
    )
    ban: str | None = _option(None, "Words that never occur, parted by commas: 爱,永远.", kind=str, group=DRAWING)
    theme: str | None = _option(
        None, "Words that the song is about, parted by commas: what keeps company with them in the training text "
        "becomes likelier.",
        kind=str, group=DRAWING,
    )  # fmt: skip
    theme_strength: float = _option(
        THEME_STRENGTH, "How much likelier: what the logits gain, times pointwise mutual information in nats.",
        bounds=Bounds(0.0, 100.0),
        group=DRAWING,
    )  # fmt: skip
    particles: int = _option(
        1, "Versions of the end of each line, of which one is drawn by its weight.",
        bounds=Bounds(1, 256),
        group=SEARCH,
    )  # fmt: skip
    beam: int = _option(
        0, "Search the likeliest song with a beam of this width, instead of drawing one (0: off).",
        bounds=Bounds(0, 1024),
        group=SEARCH,
    )  # fmt: skip
    seed: int | None = _option(
        None, "Seed; the same one writes the same text. [default: a fresh one, printed to stderr]",
        bounds=Bounds(0, 2**63 - 1), kind=int,
        group=DRAWING,
    )  # fmt: skip

    @property
    def is_free(self) -> bool:
        """Whether each character is drawn as the model would have it."""
        asks = (self.no_repeat, self.max_copy, self.ban is not None, self.theme is not None, self.beam)
        return self.repetition_penalty == 1 and not any(asks)


@dataclasses.dataclass(frozen=True)
class FormConfig(_Config):
    """What a song must be: its lines, how they begin, how they end, and which of them return."""

    lines: int | None = _option(
        None, "Lines of a song (of a section, with --structure).", bounds=Bounds(1, 10_000), kind=int, group=FORM
    )
    line_length: int | None = _option(
        None,
        "Characters of every line; punctuation and spaces do not count.",
        bounds=Bounds(1, 256),
        kind=int,
        group=FORM,
    )
    form: str | None = _option(
        None,
        "Characters of each line: 7,7,5,7 (* for any number, / for a blank line), repeated as needed.",
        kind=str,
        group=FORM,
    )
    syllables: str | None = _option(
        None, "Syllables of each line in English, 8,6,8,6 (as --form), by the dictionary's words.", kind=str, group=FORM
    )
    until_blank: bool = _option(
        False, "End where the model writes a blank line, as between the songs of a corpus.", group=FORM
    )
    acrostic: str | None = _option(None, "Line n begins with the n-th of these characters.", kind=str, group=FORM)
    rhyme: str | None = _option(
        None,
        "Rhyme scheme: AABA, ABAB, AA, ... (- for a line without, / between parts with letters of their own), again "
        "for each repetition; A: all lines.",
        kind=str,
        group=RHYME,
    )  # fmt: skip
    rhyme_with: str | None = _option(
        None,
        "What each letter of the scheme rhymes with: a character each, or words separated by spaces.",
        kind=str,
        group=RHYME,
    )
    rhyme_strict: bool = _option(
        False, "Rhyme by the same final, not by the same one of the thirteen groups.", group=RHYME
    )
    rhyme_near: bool = _option(False, "Rhyme also by near groups: en with eng, in with ing, an with ang.", group=RHYME)
    rhyme_identical: bool = _option(False, "Let lines that rhyme end in the same character.", group=RHYME)
    repeats: str | None = _option(
        None, "Lines that repeat earlier ones word for word: 5-8=1-4,12=3.", kind=str, group=FORM
    )
    tones: str | None = _option(
        None,
        "Tones of each line, 平 仄 中 or p z *: 平平仄仄平,仄仄仄平平 (. for a line of any, / for a blank line). "
        "Without a value: those of --like.",
        kind=str,
        alone=TONES_OF_SONG,
        group=FORM,
    )
    tones_by: str = _option(
        "modern",
        "Readings: modern (tones 1 and 2 are 平, 3 and 4 仄, neutral either), or classical by the Guangyun.",
        choices=("modern", "classical"),
        group=FORM,
    )
    tune: str | None = _option(
        None,
        "A named form with its tones and rhymes, as 七绝: `lyricgen forms` lists them.",
        kind=str,
        group=FORM,
    )
    words: str | None = _option(
        None, "Words that occur somewhere in the song, parted by commas: 月亮,远方.", kind=str, group=FORM
    )
    structure: str | None = _option(
        None,
        "Sections, for instance VCVC: each letter is written once and then repeated word for word.",
        kind=str,
        group=FORM,
    )

    @property
    def is_free(self) -> bool:
        """Whether nothing is asked of the lines."""
        return self == FormConfig()


# The fields of both that ``fill`` takes. The text ends where it ends.
FILLED = frozenset({"ban", *(each.name for each in dataclasses.fields(FormConfig))} - {"until_blank"})


class _Rule(NamedTuple):
    """Options that have no effect under a condition on all values."""

    names: tuple[str, ...]
    applies: Callable[[Mapping[str, Any]], bool]
    where: str


_OFF = {"top_k": 0, "top_p": 1.0, "particles": 1}  # a value that asks for nothing is never refused
_COUNTED = {"cell", "order", "keep_text", "seed"}  # what an n-gram model takes
_NETWORK = tuple(
    each.name for kind in (ModelConfig, TrainConfig) for each in dataclasses.fields(kind) if each.name not in _COUNTED
)
_TRAINED = (
    "checkpoint_every", "preview_every", "tensorboard", "threads", "engine", "device", "workers", "kvstore",
)  # fmt: skip
_PREPARED = tuple(each.name for each in dataclasses.fields(PrepareConfig))
_FIXED = ("line_length", "form", "tones", "tune", "rhyme", "rhyme_with")  # what a particle can miss
_OF_PAGE = ("without", "max_chars", "encoding")  # what a page of `inspect` takes
_RULES = (
    _Rule(("batch_size", "steps"), lambda values: values.get("show_batches", "") is None, "without --show-batches"),
    _Rule(
        ("output", "force"),
        lambda values: bool(values.get("show_batches")),
        "with --show-batches, which writes no file",
    ),
    _Rule(
        _PREPARED,
        lambda values: bool(values.get("show_batches")) and not values.get("sources"),
        "on the numbers that --show-batches takes without a SOURCE",
    ),
    _Rule(
        (*_NETWORK, *_TRAINED),
        lambda values: values.get("cell") == "ngram",
        "with --cell ngram, which counts in one go",
    ),
    _Rule(("ngram", "order"), lambda values: bool(values.get("bidirectional")), "with --bidirectional"),
    _Rule(("order",), lambda values: values.get("ngram") is False and values.get("cell") != "ngram", "with --no-ngram"),
    _Rule(
        ("device",), lambda values: values.get("engine") == "numpy", "with --engine numpy, which has none but the cpu"
    ),
    _Rule(("gru_reset",), lambda values: values.get("cell") != "gru", "without --cell gru"),
    _Rule(
        ("reset_rate",),
        lambda values: values.get("sampling") == "random",
        "with --sampling random, which starts each minibatch from zero",
    ),
    _Rule(("preview_every",), lambda values: not values.get("preview", True), "without --preview"),
    _Rule(
        ("temperature", "top_k", "top_p", "particles"),
        lambda values: bool(values.get("beam")),
        "with --beam, which draws nothing",
    ),
    _Rule(
        ("top_k", "top_p"),
        lambda values: values.get("temperature") == 0,
        "with --temperature 0, which takes the likeliest character",
    ),
    _Rule(("scale",), lambda values: values.get("gradients") is False, "without --gradients"),
    _Rule(_OF_PAGE, lambda values: bool(values.get("gradients")), "with --gradients"),
    _Rule(_OF_PAGE, lambda values: bool(values.get("context")), "with --context"),
    _Rule(
        ("checkpoint",),
        lambda values: bool(values.get("gradients") or values.get("context")),
        "with --gradients or --context, where each model is named as a RUN",
    ),
    _Rule(("theme_strength",), lambda values: values.get("theme") is None, "without --theme"),
    _Rule(
        ("particles",),
        lambda values: all(values.get(name) is None for name in _FIXED),
        "without lines of a known length or rhyme: name --line-length, --form or --rhyme",
    ),
)


def _without_effect(name: str, values: Mapping[str, Any]) -> str:
    """Why an option has no effect among these values; empty if it has one."""
    return next((rule.where for rule in _RULES if name in rule.names and rule.applies(values)), "")


def refuse_without_effect(given: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """OptionError for an option that was given and has no effect; ``values`` are those of all options."""
    for name, value in given.items():
        asks = value is not None and value is not False and value != _OFF.get(name, ())
        where = _without_effect(name, values) if asks else ""
        if where:
            raise OptionError(f"{flag(name)}: has no effect {where}; leave it out")


def build(options: Mapping[str, Any], *kinds: Any) -> list[Any]:
    """The configs that options describe together.

    Raises
    ------
    OptionError
        An option is unknown or out of bounds, or it has no effect beside the others.
    """
    fields = [{each.name for each in dataclasses.fields(kind)} for kind in kinds]
    for name in options:
        if not any(name in names for names in fields):
            raise OptionError(f"{flag(name)}: no such option")
    configs = [kind(**{name: options[name] for name in options if name in names}) for kind, names in zip(kinds, fields)]
    refuse_without_effect(options, {name: value for config in configs for name, value in vars(config).items()})
    return configs


def effective(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that have an effect beside the others."""
    return {name: value for name, value in values.items() if not _without_effect(name, values)}
