"""Every option with its default, its bounds and its help, once.

The command line makes its options from these fields and a checkpoint keeps them as metadata. A flag, its variable, its
key in a TOML file and the keyword in Python are one word:
``--batch-size``, ``LYRICGEN_TRAIN_BATCH_SIZE``, ``batch_size``.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lyricgen.errors import OptionError
from lyricgen.schema import Bounds, Checked, field


def _option(default: Any, help: str, *, group: str, kind: type | None = None, **limits: Any) -> Any:
    return field(kind or type(default), default, help=help, group=group, **limits)


def flag(name: str) -> str:
    """Return the command line's spelling of a field: ``batch_size`` -> ``--batch-size``."""
    return "--" + name.replace("_", "-")


@dataclasses.dataclass(frozen=True)
class Config(Checked):
    """Options of one kind. ``given`` holds those that were set explicitly, by their names."""

    spell = staticmethod(flag)

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        """Remember which options are set: a default may depend on the text (see ``resolve``)."""
        config = super().__new__(cls)
        positional = zip((field.name for field in dataclasses.fields(cls)), arguments)
        object.__setattr__(config, "_given", {**dict(positional), **options})
        return config

    @property
    def given(self) -> dict[str, Any]:
        """The options that were set explicitly."""
        values: dict[str, Any] = self.__dict__["_given"]
        return values


# The headings under which --help lists the options.
TEXT, HELD_OUT = "Text", "Held-out parts"
STDIN = "-"  # in the place of a file
AUTO = "auto"  # the encoding of a text that tells it by its bytes
SCRIPTS = ("simplified", "traditional")
MODEL, LEARNING, MINIBATCHES, OUTPUT, MACHINES = "Model", "Learning", "Minibatches", "Output", "Several machines"
DRAWING, FORM, RHYME, SEARCH = "Drawing", "Form", "Rhyme", "Search"

COUNT, WHOLE = Bounds(low=1), Bounds(low=0)
_LEAST, _MOST = 1e-20, 1e38  # what MXNet's operators take, in single precision, also times what a schedule leaves
_SINGLE, _SINGLE_OR_ZERO = Bounds(_LEAST, _MOST), Bounds(_LEAST, _MOST, or_zero=True)
FRACTION = Bounds(low=0.0, high=0.9)
NO_BASE = "none"  # the value of --base that begins without one
FEW = 500_000  # characters; a longer text gains little from a base
COUNTED = 3_000_000  # characters; the n-grams of a longer text take too long to read


@dataclasses.dataclass(frozen=True)
class PrepareConfig(Config):
    """How a corpus becomes a dataset."""

    encoding: str = _option(AUTO, "Encoding of the sources, for instance gb18030; auto decides for each.", group=TEXT)
    max_chars: int = _option(0, "Use the first N characters only (0: all).", bounds=WHOLE, group=TEXT)
    field: str | None = _option(
        None,
        "The field of a .json, .jsonl, .csv or .tsv file that holds a song, for instance lyric.",
        kind=str,
        group=TEXT,
    )
    keep_credits: bool = _option(
        False, "Keep lines like 作词：… and Lyrics by …; time stamps and section marks are always left out.", group=TEXT
    )
    songs_by: str = _option(
        "auto",
        "What separates songs: a file each, one blank line, or two. [default: by the text]",
        choices=("auto", "file", "blank", "two-blanks"),
        group=TEXT,
    )
    keep_copies: bool = _option(False, "Keep exact copies of songs.", group=TEXT)
    keep_translations: bool = _option(
        False, "Keep translations: a second line at the same time, or after a slash.", group=TEXT
    )
    script: str | None = _option(
        None,
        "Turn all Chinese characters into this script. [default: as they are]",
        kind=str,
        choices=SCRIPTS,
        group=TEXT,
    )
    newlines: str = _option("keep", "Keep line ends, or turn them into spaces.", choices=("keep", "space"), group=TEXT)
    split: str = _option(
        "songs",
        "Hold out whole songs of each source (its end, if it has less than 20 songs), or the end of the whole text.",
        choices=("songs", "tail"),
        group=HELD_OUT,
    )
    valid_fraction: float = _option(
        0.05, "Share of the text that chooses the best epoch.", bounds=FRACTION, group=HELD_OUT
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


@dataclasses.dataclass(frozen=True)
class ModelConfig(Config):
    """The architecture: with a vocabulary it determines the shape of every parameter."""

    cell: str = _option(
        "gru", "Recurrent cell, or ngram for a model that counts.", choices=("rnn", "gru", "lstm", "ngram"), group=MODEL
    )
    gru_reset: str = _option(
        "after",
        "Where a GRU's reset gate acts: after the matrix product (cuDNN) or before it (Cho et al. 2014).",
        choices=("after", "before"),
        group=MODEL,
    )
    hidden: int = _option(
        HIDDEN,
        f"Hidden units in each layer. [default: {HIDDEN}, or 512 for more than {LARGE:,} characters]",
        bounds=Bounds(1, 16384),
        group=MODEL,
    )
    layers: int = _option(1, "Layers.", bounds=Bounds(1, 64), group=MODEL)
    embedding: int = _option(
        0,
        f"Width of the character embedding (0: as --hidden). [default: 0, or 256 for more than {LARGE:,} characters]",
        bounds=Bounds(0, 16384),
        group=MODEL,
    )
    tie: bool = _option(True, "Use the embedding as output weights too (Press & Wolf 2017).", group=MODEL)
    bidirectional: bool = _option(
        False, "Predict each character from the text before and after it: a model for `fill`.", group=MODEL
    )
    ngram: bool | None = _option(
        None,
        "Count n-grams beside the network and mix both. [default: yes, unless nothing is held out, the text "
        f"has more than {COUNTED:,} characters, or the model is bidirectional]",
        kind=bool,
        group=MODEL,
    )
    order: int = _option(6, "Longest n-gram that is counted.", bounds=Bounds(1, 16), group=MODEL)

    @property
    def embedding_size(self) -> int:
        return self.embedding or self.hidden

    @property
    def resets_before(self) -> bool:
        """Whether this is the GRU whose reset gate acts before the product."""
        return self.cell == "gru" and self.gru_reset == "before"


@dataclasses.dataclass(frozen=True)
class TrainConfig(Config):
    """How the network learns."""

    dropout: float | None = _option(
        None,
        "Locked dropout on the input, between layers and on the output (Gal & Ghahramani 2016). "
        f"[default: {DROPOUT:g} for {MIDDLE:,} characters, less for more; 0 without a validation part]",
        bounds=Bounds(0.0, 0.95),
        kind=float,
        group=LEARNING,
    )
    batch_size: int = _option(
        32,
        f"Rows of a minibatch. [default: 16 up to {SMALL:,} characters, else 32]",
        bounds=Bounds(1, 65536),
        group=MINIBATCHES,
    )
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
        bounds=_SINGLE,
        group=LEARNING,
    )
    schedule: str = _option(
        "cosine",
        "Learning rate over time: constant, or falling to zero.",
        choices=("constant", "cosine"),
        group=LEARNING,
    )
    clip: float = _option(1.0, "Largest global norm of the gradient (0: off).", bounds=_SINGLE_OR_ZERO, group=LEARNING)
    patience: int = _option(
        0, "Stop after N epochs without a better validation perplexity (0: never).", bounds=WHOLE, group=LEARNING
    )
    keep_text: bool = _option(
        True,
        "Keep the text in the checkpoint: the training part to find copies, the held-out parts to measure with.",
        group=OUTPUT,
    )
    seed: int = _option(1, "Seed of the weights, minibatches and dropout.", bounds=Bounds(0, 2**63 - 1), group=LEARNING)


@dataclasses.dataclass(frozen=True)
class EngineConfig(Config):
    """The library, device and threads that compute a training."""

    engine: str | None = _option(
        None,
        "Library that computes. [default: mxnet where it is installed, numpy for --gru-reset before]",
        choices=("mxnet", "numpy"),
        kind=str,
        group=LEARNING,
    )
    device: str = _option("cpu", "Device that MXNet computes on: cpu, gpu or gpu:N.", group=LEARNING)
    threads: int | None = _option(
        None, "Threads. [default: the usable processors]", bounds=Bounds(1, 1024), kind=int, group=LEARNING
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch("cpu|gpu(:[0-9]{1,2})?", self.device):
            raise OptionError(f"--device: {self.device!r} is neither cpu nor gpu nor gpu:N")


class Size(NamedTuple):
    """The training text: its characters, and whether any of the text is held out."""

    characters: int
    held_out: bool


class Base(NamedTuple):
    """A model to begin with: what it is, how it was trained, and the characters that it has read."""

    name: str
    model: ModelConfig
    train: TrainConfig
    characters: int


class Plan(NamedTuple):
    """A complete configuration: no field is left to choose."""

    model: ModelConfig
    train: TrainConfig
    engine: EngineConfig


def resolve(options: Mapping[str, Any], text: Size, base: Base | None = None, *, has_mxnet: bool = True) -> Plan:
    """Complete the options that were given by defaults that depend on the size of the text and on the base.

    The defaults were chosen by measurement (tests/benchmarks/README.md). The more characters, the wider the network,
    the larger the minibatches and the fewer the epochs; the wider the network, the lower the learning rate. The more
    the base has read, the less is left to learn: rate and epochs fall with the square root of the text's share of all
    characters. A text of which nothing is held out is meant to be memorised: no dropout, no n-grams.

    Raises
    ------
    OptionError
        An option is out of bounds, contradicts another one, or contradicts the base.
    """
    options = {name: value for name, value in options.items() if value is not None}
    counts = options.get("cell") == "ngram"
    of_base: dict[str, Any] = {}
    if base is not None and not counts:
        _check_base(base, options)
        of_base = dataclasses.asdict(base.model)
    before = base.characters if base else 0
    whole = max(text.characters, 1) + before
    share = math.sqrt(max(text.characters, 1) / whole)
    usual: dict[str, Any] = {"hidden": 512, "embedding": 256} if whole > LARGE else {}
    model = {**usual, **of_base, **options}
    hidden = model.get("hidden", HIDDEN)
    usual["lr"] = float(f"{RATE * share * min(1, math.sqrt(HIDDEN / hidden)):.2g}")
    usual["epochs"] = min(MOST_EPOCHS, max(1, round(EPOCHS * math.sqrt(MIDDLE / max(text.characters, 1)) * share)))
    usual["batch_size"] = 16 if whole <= SMALL else 32
    usual["dropout"] = _usual_dropout(whole, base, held_out=text.held_out)
    is_bidirectional = bool(model.get("bidirectional"))
    usual["ngram"] = "order" in options or (text.held_out and text.characters <= COUNTED)
    values = {**usual, **of_base, **{"ngram": usual["ngram"] and not (counts or is_bidirectional)}, **options}
    plan = Plan(*build(values, ModelConfig, TrainConfig, EngineConfig))
    check_plan(options, plan.model)
    return plan._replace(engine=choose_engine(plan.engine, plan.model, has_mxnet=has_mxnet))


def _usual_dropout(characters: int, base: Base | None, *, held_out: bool) -> float:
    if not held_out:
        return 0.0
    if base is not None and base.train.dropout:
        return base.train.dropout  # the one that its weights are used to
    dropout: float = DROPOUT * (MIDDLE / characters) ** 0.35
    return round(min(0.7, dropout), 2)


def _check_base(base: Base, options: Mapping[str, Any]) -> None:
    if base.model.cell == "ngram":
        raise OptionError(
            f"--base: {base.name} is an n-gram model, without weights; name a network, or add --cell ngram"
        )
    for name, value in dataclasses.asdict(base.model).items():
        if name not in ("ngram", "order") and options.get(name, value) != value:
            raise OptionError(f"{flag(name)}: {options[name]} given, but the base has {value}; leave it out")


def check_plan(options: Mapping[str, Any], model: ModelConfig) -> None:
    """Refuse options that contradict each other, whatever the text; OptionError names them."""
    if model.bidirectional and model.cell == "ngram":
        raise OptionError("--bidirectional: an n-gram model reads forward only; leave out --cell ngram")
    if model.bidirectional and options.get("ngram"):
        raise OptionError("--ngram: a bidirectional model has no n-grams beside it; leave it out")
    if model.resets_before and options.get("engine") == "mxnet":
        raise OptionError("--engine mxnet: MXNet has no GRU that resets before the product; use --engine numpy")


def choose_engine(asked: EngineConfig, model: ModelConfig, *, has_mxnet: bool) -> EngineConfig:
    usual = "mxnet" if has_mxnet and not model.resets_before else "numpy"
    engine = asked.engine or usual
    if asked.device != "cpu" and engine != "mxnet":
        raise OptionError(f"--device {asked.device}: needs MXNet; NumPy computes on the CPU only")
    return dataclasses.replace(asked, engine=engine)


LENGTH = 200  # characters of lines whose number nothing else gives
MAX_COPY = 6  # characters in a row of the training text that drafts may have by default


@dataclasses.dataclass(frozen=True)
class SampleConfig(Config):
    """How the next character is drawn."""

    length: int | None = _option(
        None,
        "Characters to write after the prefix. [default: one song, as the model or its form ends it]",
        bounds=Bounds(0, 10_000_000),
        kind=int,
        group=DRAWING,
    )
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
    no_repeat: int = _option(
        0,
        "No N characters in a row occur twice in the lines of a song (0: off).",
        bounds=Bounds(0, 10_000),
        group=DRAWING,
    )
    max_copy: int | None = _option(
        None,
        "No more than N characters in a row come from the training text (0: off). "
        f"[default: {MAX_COPY} where the drafts allow it]",
        bounds=Bounds(0, 10_000),
        kind=int,
        group=DRAWING,
    )
    ban: str | None = _option(None, "Words that never occur, separated by commas: 爱,永远.", kind=str, group=DRAWING)
    theme: str | None = _option(
        None,
        "Words that the song is about, separated by commas: what occurs near them in the training text becomes "
        "likelier.",
        kind=str,
        group=DRAWING,
    )
    drafts: int = _option(
        16, "Drafts of each line, of which the best one stays (1: plain sampling).", bounds=Bounds(1, 256), group=SEARCH
    )
    seed: int | None = _option(
        None,
        "Seed; the same one writes the same text. [default: a fresh one, printed to stderr]",
        bounds=Bounds(0, 2**63 - 1),
        kind=int,
        group=DRAWING,
    )

    @property
    def looks_for_copies(self) -> bool:
        """Whether copies of the training text count: as is asked, else where there are drafts to choose from."""
        return self.drafts > 1 if self.max_copy is None else self.max_copy > 0

    @property
    def is_free(self) -> bool:
        """Whether nothing is asked of the characters."""
        asks = (self.no_repeat, self.max_copy, self.ban is not None, self.theme is not None)
        return not any(asks)


@dataclasses.dataclass(frozen=True)
class FormConfig(Config):
    """The form of a song: its lines, how they begin, how they end, and which of them return."""

    form: str | None = _option(
        None,
        "The lines: 7A,7A,5,7A (characters, a letter for lines that rhyme, / a blank line), or a name as 七绝 or 流行 "
        "(`lyricgen forms` lists them), or a file.",
        kind=str,
        group=FORM,
    )
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
    structure: str | None = _option(
        None,
        "Sections: VCVC, 主副主副, 主1副主2副. Verses (V, 主) have new words, all others return word for word.",
        kind=str,
        group=FORM,
    )
    acrostic: str | None = _option(None, "Line n begins with the n-th of these characters.", kind=str, group=FORM)
    words: str | None = _option(
        None, "Words that occur somewhere in the song, separated by commas: 月亮,远方.", kind=str, group=FORM
    )
    tones_by: str = _option(
        "modern",
        "Tones of a form: modern (tones 1 and 2 are 平, 3 and 4 仄, neutral either), or classical by the Guangyun.",
        choices=("modern", "classical"),
        group=FORM,
    )
    rhyme: str | None = _option(
        None,
        "Rhyme scheme: AABA, ABAB, A2A2, ... (- for a line without, 2 or 3: so many characters rhyme), again for each "
        "repetition; A: all lines.",
        kind=str,
        group=RHYME,
    )
    rhyme_with: str | None = _option(
        None,
        "What each letter of the scheme rhymes with: a character each, or words separated by spaces.",
        kind=str,
        group=RHYME,
    )
    rhyme_by: str = _option(
        "group",
        "Rhyme by the thirteen groups (十三辙), by the same final, or also by near groups: en with eng, an with ang.",
        choices=("group", "final", "near"),
        group=RHYME,
    )
    rhyme_identical: bool = _option(False, "Let lines that rhyme end in the same character.", group=RHYME)

    @property
    def is_free(self) -> bool:
        """Whether the lines are not constrained at all."""
        return self == FormConfig()


# The fields of both that ``fill`` takes. The text ends where it ends.
FILLED = frozenset({"ban", *(option.name for option in dataclasses.fields(FormConfig))})


def build(options: Mapping[str, Any], *kinds: Any) -> list[Any]:
    """Return the configurations that options describe together.

    Raises
    ------
    TypeError
        No configuration has an option of that name.
    OptionError
        An option is of the wrong type or out of bounds.
    """
    names = [{field.name for field in dataclasses.fields(kind)} for kind in kinds]
    for name in options:
        if not any(name in known for known in names):
            raise TypeError(f"unexpected keyword argument {name!r}")
    return [kind(**{name: options[name] for name in options if name in known}) for kind, known in zip(kinds, names)]


def given(configs: Iterable[Config], options: Mapping[str, Any], *kinds: type[Config]) -> dict[str, Any]:
    """Return the options that configurations and keywords set explicitly; keywords count for more.

    Raises
    ------
    TypeError
        A configuration is of another kind, or no kind has an option of that name.
    """
    values: dict[str, Any] = {}
    for config in configs:
        if not isinstance(config, kinds):
            wanted = ", ".join(kind.__name__ for kind in kinds)
            raise TypeError(f"expected one of {wanted}, not {type(config).__name__}")
        values.update(config.given)
    values.update(options)
    build(values, *kinds)
    return values
