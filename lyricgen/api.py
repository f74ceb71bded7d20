"""Everything that the command line does, as Python functions with the same names.

Options have the names of the flags (``batch_size`` for ``--batch-size``), the same defaults and the same bounds. They
are given as configurations (``TrainConfig(epochs=2)``) or as keywords (``epochs=2``); keywords count for more. Errors
that a user can correct are ``LyricgenError``. Nothing is printed, and no default reads or writes the current folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union, cast

from lyricgen import files, storage
from lyricgen.config import (
    AUTO,
    FILLED,
    STDIN,
    EngineConfig,
    FormConfig,
    ModelConfig,
    PrepareConfig,
    SampleConfig,
    TrainConfig,
    build,
    given,
)
from lyricgen.errors import FileError, OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model import evaluation, scoring
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.model.evaluation import Evaluation, Text
from lyricgen.model.load import predictor, with_cache
from lyricgen.model.scoring import Score
from lyricgen.text import cleaning, corpus, prompt, songs
from lyricgen.text import dataset as datasets
from lyricgen.text.copies import CopyFinder
from lyricgen.text.dataset import Dataset
from lyricgen.text.parts import Parts
from lyricgen.text.songs import SONG
from lyricgen.text.vocabulary import Ids
from lyricgen.writing import measures
from lyricgen.writing.generation import Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from lyricgen.engine.cluster import Cluster
    from lyricgen.engine.loop import Epoch
    from lyricgen.engine.start import Training
    from lyricgen.inspection.context import Context
    from lyricgen.inspection.gradients import Gradients
    from lyricgen.inspection.views import Inspection
    from lyricgen.keywords import FillKeywords, PrepareKeywords, SongKeywords, TrainKeywords
    from lyricgen.writing.filling import Filling, Watch
    from lyricgen.writing.form.song import SongForm

PathLike = Union[str, Path]
Data = Union[Dataset, PathLike, Sequence[PathLike]]
_LARGEST_SCALE = 1000.0


def prepare(
    *sources: PathLike,
    output: PathLike | None = None,
    force: bool = False,
    config: PrepareConfig | None = None,
    **options: Unpack[PrepareKeywords],
) -> Dataset:
    """Read sources (none: the sample) into a dataset; write it to ``output`` if that is given.

    Raises
    ------
    FileError
        A source cannot be read, the text is too short, or ``output`` exists already and ``force`` is not given.
    """
    values = given([config] if config else [], cast("Mapping[str, Any]", options), PrepareConfig)
    if output is not None:
        files.check_new(Path(output), force=force)
    prepared = datasets.prepare([str(source) for source in sources], PrepareConfig(**values))
    if output is not None:
        prepared.save(Path(output), force=force)
    return prepared


def train(
    dataset: Data,
    output: PathLike,
    *configs: ModelConfig | TrainConfig | EngineConfig,
    base: PathLike | None = None,
    resume: bool = False,
    force: bool = False,
    on_epoch: Callable[[Epoch], object] | None = None,
    **options: Unpack[TrainKeywords],
) -> Model:
    """Train a model into a folder and return its best epoch.

    Parameters
    ----------
    dataset
        A dataset, or anything that ``lyricgen train`` reads.
    base
        A checkpoint whose weights the training begins with, and whose characters the model keeps; ``none`` for random
        weights. Without one, ``zh`` for Chinese text of up to 500,000 characters, where no option contradicts it.
    on_epoch
        Called with each ``Epoch`` when it is on disk.

    Raises
    ------
    LyricgenError
        An option contradicts another one, a file cannot be read or written, or the training diverges.
    """
    with training(dataset, output, *configs, base=base, resume=resume, force=force, **options) as begun:
        for epoch in begun.epochs():
            if on_epoch:
                on_epoch(epoch)
    return load(output)


@contextlib.contextmanager
def training(
    dataset: Data | Callable[[], Dataset],
    output: PathLike,
    *configs: ModelConfig | TrainConfig | EngineConfig,
    base: PathLike | None = None,
    resume: bool = False,
    force: bool = False,
    cluster: Cluster | None = None,
    **options: Unpack[TrainKeywords],
) -> Iterator[Training]:
    """Lock a folder for the length of the block; ``epochs()`` of what it yields trains there.

    ``cluster``: the workers that this process has joined. The other parameters are those of ``train``.
    """
    from lyricgen.engine import start  # writing songs needs none of it
    from lyricgen.engine.cluster import ALONE

    values = given(configs, cast("Mapping[str, Any]", options), ModelConfig, TrainConfig, EngineConfig)
    request = start.Request(Path(output), None if base is None else Path(base), resume, force)
    data = dataset if callable(dataset) else lambda: _dataset(dataset)
    with start.begin(data, request, values, cluster=cluster or ALONE) as begun:
        yield begun


def _dataset(source: Data) -> Dataset:
    if isinstance(source, Dataset):
        return source
    named = [source] if isinstance(source, (str, Path)) else source
    return datasets.open_sources([str(path) for path in named])


class Model:
    """A trained model, ready to write and to score."""

    def __init__(self, name: str, checkpoint: Checkpoint, *, cache: bool = False, fit_on: Ids | None = None) -> None:
        self.name = name  # of its file
        self.checkpoint = checkpoint
        if cache and checkpoint.model.bidirectional:
            raise OptionError("--cache: a bidirectional model fills blanks and has no song so far; leave it out")
        self.model, self.weights, self.fit = with_cache(checkpoint, fit_on) if cache else predictor(checkpoint)
        self._copies: CopyFinder | None = None

    def __repr__(self) -> str:
        config = self.checkpoint.model
        return f"<Model {self.name}: {config.cell} {config.layers} × {config.hidden}>"

    @property
    def vocabulary(self) -> str:
        """The characters that the model knows, sorted."""
        return self.checkpoint.vocabulary.characters

    @property
    def decoder(self) -> Decoder:
        """The model as a decoder; FileError for a bidirectional network."""
        self.check_writes()
        return cast("Decoder", self.model)

    def check_writes(self) -> None:
        """Raise FileError for a bidirectional network, which only fills blanks."""
        if self.checkpoint.model.bidirectional:
            raise FileError(
                f"{self.name}: is a bidirectional model, which only fills blanks (lyricgen fill); name one that was "
                "trained without --bidirectional"
            )

    def writer(
        self, *configs: SampleConfig | FormConfig, like: PathLike | None = None, **options: Unpack[SongKeywords]
    ) -> Writer:
        """Return a writer of songs with these options.

        ``like``: a song whose form is taken over; options that are given take the place of its parts.
        """
        values = given(configs, cast("Mapping[str, Any]", options), SampleConfig, FormConfig)
        if like is not None:
            values = read_form(like).options(values)
        sample, form = build(values, SampleConfig, FormConfig)
        text = None if self.checkpoint.text is None else self.checkpoint.text.ids("train")
        base_text = _base_text(self.checkpoint) if sample.looks_for_copies else None
        return Writer(self.decoder, self.checkpoint.vocabulary, sample, form, text, base_text)

    def write(
        self,
        prefix: str = "",
        *configs: SampleConfig | FormConfig,
        like: PathLike | None = None,
        **options: Unpack[SongKeywords],
    ) -> str:
        """Write one song that begins with ``prefix``; parameters as for ``writer``."""
        return next(self.generate(prefix, *configs, like=like, **options))

    def generate(
        self,
        prefix: str = "",
        *configs: SampleConfig | FormConfig,
        samples: int = 1,
        like: PathLike | None = None,
        **options: Unpack[SongKeywords],
    ) -> Iterator[str]:
        """Write ``samples`` songs that begin with ``prefix``; other parameters as for ``writer``."""
        seed = seed_of(given(configs, cast("Mapping[str, Any]", options), SampleConfig, FormConfig))
        return self.writer(*configs, like=like, **options).songs(prefix, seed=seed, samples=samples)

    def stream(
        self, prefix: str = "", *configs: SampleConfig | FormConfig, **options: Unpack[SongKeywords]
    ) -> Iterator[str]:
        """Write one song after ``prefix``, piece by piece, each as soon as it is final."""
        seed = seed_of(given(configs, cast("Mapping[str, Any]", options), SampleConfig, FormConfig))
        for (piece,) in self.writer(*configs, **options).stream(prefix, seed=seed, samples=[0]):
            yield piece

    def fill(
        self,
        text: str,
        *configs: SampleConfig | FormConfig,
        best: int = 1,
        watch: Watch = iter,
        **options: Unpack[FillKeywords],
    ) -> list[Filling]:
        """Return the likeliest ways to fill the blanks (＿, □ or _) of a text; ``watch``: see ``filling.fill``."""
        from lyricgen.writing import filling  # with all that searches, which songs without constraints do not need

        values = given(configs, cast("Mapping[str, Any]", options), SampleConfig, FormConfig)
        for name in values:
            if name not in FILLED:
                raise TypeError(f"fill() got an unexpected keyword argument {name!r}")
        sample, form = build(values, SampleConfig, FormConfig)
        vocabulary = self.checkpoint.vocabulary
        return filling.fill(self.model, vocabulary, text, best=best, watch=watch, form=form, ban=sample.ban)

    def score(self, line: str) -> Score | None:
        """Return how well the model predicts a line as the beginning of a song; None for an empty one."""
        vocabulary = self.checkpoint.vocabulary
        ids = vocabulary.encode(prompt.line_start(vocabulary) + prompt.normalise_prompt(vocabulary, line))
        return scoring.score(self.decoder.probabilities(ids), ids) if len(ids) > 1 else None

    def evaluate(
        self, *sources: PathLike, encoding: str = AUTO, dataset: Data | None = None, baselines: bool = False
    ) -> Evaluation:
        """Measure how well the model predicts the characters of a text after its first one.

        The text is what ``prepare`` would read from ``sources``; or else the held-out part of ``dataset``, or else that
        of the model's own text, which its checkpoint keeps.

        Raises
        ------
        FileError
            There is no text, or it has less than two characters.
        """
        text = _text_for(self.checkpoint, self.name, sources, encoding, dataset)
        return evaluation.evaluate(self.model, self.checkpoint, text, baselines=baselines)

    def inspect(
        self, *sources: PathLike, encoding: str = AUTO, dataset: Data | None = None, max_chars: int = 2000
    ) -> Inspection:
        """Return views of the model as it reads a text: see ``lyricgen.inspection.views``.

        The text is chosen as for ``evaluate``; its first ``max_chars`` characters are read.
        """
        from lyricgen.inspection import inspection

        text, parts = _text_for(self.checkpoint, self.name, sources, encoding, dataset), self.checkpoint.text
        text.check()
        name = f"the {parts.held_out} part" if not sources and dataset is None and parts else text.name
        if max_chars < len(text.ids):
            name = f"the first {max_chars:,} of {len(text.ids):,} characters of {name}"
        text = Text(f"{self.name}: {name}", text.text[:max_chars], text.ids[:max_chars], text.songs)
        return inspection.inspect(self.model, self.checkpoint, text)

    def measure(
        self, songs: PathLike | Sequence[str], *, dataset: Data | None = None, encoding: str = AUTO
    ) -> Measures:
        """Measure songs beside the training part of ``dataset``, or else of the model's own text.

        ``songs``: a list of them; or a file that has them separated by blank lines, or as lines of JSON with a ``text``
        each.
        """
        return measure(songs, self.checkpoint if dataset is None else _dataset(dataset), self.name, encoding=encoding)

    def longest_copy(self, song: str) -> str | None:
        """Return the longest part of a song that occurs in the training text; None if the checkpoint keeps no text."""
        if self.checkpoint.text is None:
            return None
        if self._copies is None:
            self._copies = CopyFinder(self.checkpoint.text.text("train"))
        return self._copies.longest(prompt.normalise_prompt(self.checkpoint.vocabulary, song))

    def export(self, output: PathLike, *, format: str = "onnx", force: bool = False) -> None:
        """Write the network for another framework, ``onnx`` or ``torch``."""
        from lyricgen.model import export as exports

        if format not in exports.FORMATS:
            raise OptionError(f"--format: {format!r} is not one of {', '.join(exports.FORMATS)}")
        with files.product(Path(output), force=force) as file:
            exports.write(self.checkpoint, file, format)


def load(checkpoint: PathLike, *, cache: bool = False, ngram: bool = True) -> Model:
    """Open the model of a checkpoint: a file, a folder's best one, or ``zh``, which comes with lyricgen.

    ``cache``: mix in a model of the song so far, its share fitted on the validation part that the checkpoint keeps.
    ``ngram=False``: leave out the n-grams beside the network.
    """
    loaded = _load(Path(checkpoint), ngram=ngram)
    return Model(str(checkpoint), loaded, cache=cache, fit_on=_part(loaded, loaded.text, "valid") if cache else None)


def _load(path: Path, *, ngram: bool = True) -> Checkpoint:
    loaded = checkpoints.load(path)
    return loaded if ngram else dataclasses.replace(loaded, counted=None)


def _part(checkpoint: Checkpoint, parts: Parts | None, name: str) -> Ids | None:
    return None if parts is None else evaluation.read(checkpoint, parts, name)


def _base_text(checkpoint: Checkpoint) -> Ids | None:
    """Return the training text of the base that comes with lyricgen, in a model's own ids, if that began with it."""
    if len(checkpoint.read) < 2:
        return None
    base = checkpoints.load(files.shipped(checkpoints.SHIPPED_FILE))
    if base.text is None or base.read != checkpoint.read[:-1]:
        return None
    return base.text.in_vocabulary(checkpoint.vocabulary).ids("train")


def load_to_evaluate(
    checkpoint: PathLike,
    *sources: PathLike,
    encoding: str = AUTO,
    dataset: Data | None = None,
    cache: bool = False,
    ngram: bool = True,
) -> tuple[Model, Text]:
    """Open a model and the text that measures it, each once; shares are never fitted on the text that is measured."""
    loaded, name = _load(Path(checkpoint), ngram=ngram), str(checkpoint)
    opened = None if dataset is None else _dataset(dataset)
    text = _text_for(loaded, name, sources, encoding, opened)
    parts = loaded.text if opened is None else opened.parts
    measures_valid = not sources and parts is not None and parts.held_out == "valid"
    fit_on = _part(loaded, parts, "valid") if cache and not measures_valid else None
    return Model(name, loaded, cache=cache, fit_on=fit_on), text


def _text_for(
    checkpoint: Checkpoint, name: str, sources: Sequence[PathLike], encoding: str, dataset: Data | None
) -> Text:
    """Return the text of sources, or else the held-out part of a dataset, or else that of the model's own text."""
    if sources:
        named = [str(source) for source in sources]
        shown = ", ".join(corpus.STDIN_NAME if source == STDIN else source for source in named)
        pieces = list(songs.joined(corpus.read_songs(named, corpus.Reader(encoding))))
        text = corpus.flatten("".join(pieces), checkpoint.newlines)
        starts = [0, *itertools.accumulate(map(len, pieces[:-1]))]
        return Text(shown, text, checkpoint.vocabulary.encode(text), starts)
    if dataset is None:
        return evaluation.held_out(checkpoint, checkpoint.text, name)
    opened = _dataset(dataset)
    return evaluation.held_out(checkpoint, opened.parts, _name_of(opened, dataset))


def _name_of(dataset: Dataset, source: Data) -> str:
    return str(source) if isinstance(source, (str, Path)) else ", ".join(dataset.sources) or corpus.SAMPLE


def gradients(*runs: PathLike, dataset: Data | None = None, scale: float | None = None) -> list[Gradients]:
    """Follow the gradients of predictions with respect to earlier states: how far back each network looks.

    All read the same text, the held-out part of ``dataset``, or else of the first one's own text. With ``scale`` each
    network is followed a second time, with the weights of its recurrence multiplied by it.
    """
    from lyricgen.inspection.gradients import gradients as follow

    if scale is not None and not 0 < scale <= _LARGEST_SCALE:
        raise OptionError(f"--scale: {scale:g} is not above 0 and at most {_LARGEST_SCALE:g}")
    scales = [1.0] if scale is None else [1.0, scale]
    return [
        follow(loaded, ids, run=run, scale=factor) for run, loaded, ids in _networks(runs, dataset) for factor in scales
    ]


def context(*runs: PathLike, dataset: Data | None = None) -> list[Context]:
    """Measure networks by how many characters they see, beside n-grams; the text: as for ``gradients``."""
    from lyricgen.inspection.context import context as measure_context

    return [measure_context(loaded, ids, run=run) for run, loaded, ids in _networks(runs, dataset)]


def _networks(runs: Sequence[PathLike], dataset: Data | None) -> Iterator[tuple[str, Checkpoint, Ids]]:
    """Yield the networks of checkpoints, each with the same held-out text as ids of its own vocabulary."""
    named = [Path(path) for path in runs]
    loaded = [checkpoints.load(path) for path in named]
    for path, checkpoint in zip(named, loaded):
        if checkpoint.model.cell == "ngram" or checkpoint.model.bidirectional:
            is_counted = checkpoint.model.cell == "ngram"
            kind = "an n-gram model, which has no hidden state" if is_counted else "bidirectional"
            raise FileError(f"{path}: is {kind}; name a network that reads forward only")
    opened = None if dataset is None else _dataset(dataset)
    parts = loaded[0].text if opened is None else opened.parts
    if parts is None or not parts.held_out:
        raise FileError(f"{dataset or named[0]}: keeps no held-out text; name one with --dataset")
    text = parts.text(parts.held_out)
    for path, checkpoint in zip(named, loaded):
        yield str(path), checkpoint, checkpoint.vocabulary.encode(text)


class Measures(NamedTuple):
    """Figures of songs, and of the corpus that they are compared with."""

    songs: dict[str, float]
    corpus: dict[str, float]
    name: str


def measure(
    songs: PathLike | Sequence[str], beside: Checkpoint | Dataset, name: str, *, encoding: str = AUTO
) -> Measures:
    """Measure songs beside the training text of a checkpoint or of a dataset; see ``Model.measure``."""
    parts = beside.text if isinstance(beside, Checkpoint) else beside.parts
    if parts is None:
        raise FileError(f"{name}: keeps no training text to compare with; name one with --dataset")
    if isinstance(songs, (str, Path)):
        text = "".join(corpus.read([str(songs)], encoding=encoding, may_be_empty=True, as_it_is=True))
        is_json = text.lstrip().startswith("{")
        songs = measures.parse_songs(
            text if is_json else SONG.join(cleaning.clean(text, cleaning.Removed())), str(songs)
        )
    text = parts.text("train")
    known, finder = measures.split_corpus(text), CopyFinder(text)
    figures = {**measures.figures(songs, known), **measures.copies(songs, finder)}
    return Measures(figures, measures.figures(known, known), name)


def read_form(song: PathLike, *, encoding: str = AUTO, tones: bool = False, tones_by: str = "modern") -> SongForm:
    """Read the form of a song (a text or an .lrc file, or -); ``tones``: those of every line, too."""
    if str(song) != STDIN and files.is_file(Path(song)) and storage.is_stored(Path(song)):
        raise FileError(f"{song}: is a {storage.kind_of(Path(song))}, not a song; name a text")
    from lyricgen.writing.form import song as songs

    read = corpus.read_songs([str(song)], corpus.Reader(encoding, songs_by="file"))
    return songs.read_form(read[0].text, name=str(song), tones=tones, tones_by=tones_by)


def seed_of(options: Mapping[str, Any]) -> int:
    """Return the seed that was given, or a fresh one."""
    seed = options.get("seed")
    return secrets.randbelow(2**32) if seed is None else int(seed)
