"""All that the command line does, for Python, in the same words.

Options have the names of the flags (``batch_size`` for ``--batch-size``), the same defaults and the same bounds. What a
user can correct is raised as a ``LyricgenError``. Nothing is printed. Only what belongs to a terminal is missing:
bars, previews, pictures (``plot``), the page of ``inspect``, tables (``info``) and starting several workers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union, cast

import numpy as np

from lyricgen import files, schema, storage
from lyricgen import threads as processors
from lyricgen.config import (
    COUNTED,
    FILLED,
    TONES_OF_SONG,
    FormConfig,
    ModelConfig,
    PrepareConfig,
    SampleConfig,
    TrainConfig,
    build,
    flag,
    refuse_without_effect,
    usual_options,
)
from lyricgen.errors import FileError, OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model import counting, evaluation, scoring
from lyricgen.model import export as exports
from lyricgen.model import load as loading
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.model.evaluation import Evaluation, Text
from lyricgen.model.scoring import Score
from lyricgen.text import corpus, prompt
from lyricgen.text import dataset as datasets
from lyricgen.text.batches import NUMBERS, Batch, fit, sampled_batches
from lyricgen.text.copies import CopyFinder
from lyricgen.text.dataset import Dataset
from lyricgen.text.parts import Parts
from lyricgen.text.vocabulary import Ids
from lyricgen.writing import measures, ranking
from lyricgen.writing.generation import Writer
from lyricgen.writing.ranking import Figures, Ranked

if TYPE_CHECKING:
    from lyricgen.engine.cluster import Cluster
    from lyricgen.engine.run import Event
    from lyricgen.inspection.context import Context
    from lyricgen.inspection.gradients import Gradients
    from lyricgen.inspection.views import Inspection
    from lyricgen.writing.filling import Filling, Watch
    from lyricgen.writing.form.reader import SongForm

PathLike = Union[str, Path]
Data = Union[Dataset, PathLike, Sequence[PathLike], None]
_LARGEST_SCALE = 1000.0
_CHANGEABLE = ("epochs", "patience")  # what a resumed training may do otherwise than before


def prepare(*sources: PathLike, output: PathLike | None = None, force: bool = False, **options: Any) -> Dataset:
    """Read sources (none: the embedded corpus) into a dataset; write it to ``output``, if that is named.

    ``options`` are the fields of ``PrepareConfig``.

    Raises
    ------
    FileError
        A source cannot be read, the text is too short, or ``output`` exists already and ``force`` is not given.
    """
    (config,) = build(options, PrepareConfig)
    if output is not None:
        files.check_new(Path(output), force=force)
    prepared = datasets.prepare([str(source) for source in sources], config)
    if output is not None:
        prepared.save(Path(output), force=force)
    return prepared


def minibatches(
    *sources: PathLike | Dataset, sampling: str = "consecutive", batch_size: int = 2, steps: int = 6, **options: Any
) -> Iterator[Batch]:
    """Minibatches of ids, x and y (T, N) each, as an epoch has them: of a training part, or of the numbers 0 to 29.

    The training part is that of a dataset, or of what ``prepare`` makes of ``sources`` with ``options``; without any
    source it is the numbers. They begin at the first character, always in the same order; a training begins each epoch
    at an offset that it draws. A text that is too short makes a minibatch smaller.

    Raises
    ------
    FileError
        A source cannot be read, or the text is too short to learn from.
    """
    asked = TrainConfig(sampling=sampling, batch_size=batch_size, steps=steps)
    build(options, PrepareConfig)
    refuse_without_effect(options, {"show_batches": sampling, "sources": sources})
    ids = _prepared(sources, options).train if sources else np.arange(NUMBERS)
    shape = fit(len(ids), batch_size=asked.batch_size, steps=asked.steps)
    return sampled_batches(ids, shape, sampling=sampling, rng=np.random.default_rng(0))


def _prepared(sources: Sequence[PathLike | Dataset], options: Mapping[str, Any]) -> Dataset:
    """One dataset as it is, or what is made of sources."""
    prepared = [source for source in sources if isinstance(source, Dataset)]
    if prepared and (options or len(sources) > 1):
        raise OptionError("a Dataset is prepared already: leave out the options and other sources beside it")
    return prepared[0] if prepared else prepare(*map(str, sources), **options)


@dataclasses.dataclass(frozen=True)
class Training:
    """A training that is about to begin or to go on; its folder is held meanwhile."""

    start: Checkpoint
    name: str  # of the dataset
    dataset: Dataset
    folder: Path
    cluster: Cluster
    engine: str
    new: int | None = None  # characters that a base did not know

    def run(
        self, *, checkpoint_every: float = math.inf, stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Train; yields each step and each epoch."""
        from lyricgen.engine import run

        return run.run(
            self.start, self.dataset, self.folder, engine=self.engine, save_every=checkpoint_every, stopped=stopped,
            cluster=self.cluster,
        )  # fmt: skip


@contextlib.contextmanager
def begin(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, base: PathLike | None = None,
    resume: bool = False, force: bool = False, engine: str | None = None, device: str = "cpu",
    cluster: Cluster | None = None, **options: Any,
) -> Iterator[Training]:  # fmt: skip
    """Hold a folder for the length of the block, with what ``train`` trains there; for networks only.

    ``base``: a checkpoint whose weights the training begins with, and whose characters the model keeps. ``engine``:
    ``mxnet`` or ``numpy``; by default MXNet where it is installed and has the cell. ``device``: what MXNet computes on.
    ``cluster``: the workers that this process has joined (``lyricgen.engine.cluster.join``); the first one writes.
    """
    if options.get("cell") == "ngram":
        raise OptionError("--cell ngram: such a model is counted, not trained; use lyricgen.count")
    if resume and base is not None:
        raise OptionError("--base: has no effect with --resume, which knows its weights; leave it out")
    from lyricgen.engine import engines

    engines.check(engine)
    folder = Path(output)
    if not resume:
        build(options, ModelConfig, TrainConfig)  # bad options are refused before a text is read
    with contextlib.nullcontext() if cluster and cluster.rank else _held(folder, resume=resume, force=force):
        name, data = find_dataset(dataset)
        from lyricgen.engine.cluster import ALONE

        older = None if base is None else checkpoints.load(Path(base))
        start = _resumed(folder / LAST, data, options) if resume else _begun(data, options, older, str(base))
        chosen = engines.choose(engine, device, start.model)
        engines.start(chosen, device)
        if cluster:
            cluster.check_alike(start, chosen)
        new = None if older is None else len(start.vocabulary) - len(older.vocabulary)
        yield Training(start, name, data.in_vocabulary(start.vocabulary), folder, cluster or ALONE, chosen, new)


def _begun(data: Dataset, options: Mapping[str, Any], base: Checkpoint | None, path: str) -> Checkpoint:
    """The first checkpoint of a model, which may begin with the weights of a base."""
    from lyricgen.engine import run

    before, of_base = 0, {}
    if base is not None:
        _check_base(base, path, options)
        data = data.in_vocabulary(base.vocabulary.union(data.vocabulary))
        before = sum(each.characters for each in base.read)
        of_base = vars(base.model)
    hidden = {**of_base, **options}.get("hidden")
    values = {**usual_options(len(data.train), before, hidden=hidden), **of_base, **options}
    values["ngram"] = _counts_too(data, options, bidirectional=values.get("bidirectional", False))
    model = {each.name for each in dataclasses.fields(ModelConfig)}
    return run.begin(
        data,
        ModelConfig(**{name: value for name, value in values.items() if name in model}),
        TrainConfig(**{name: value for name, value in values.items() if name not in model}),
        base,
    )


def _check_base(base: Checkpoint, path: str, options: Mapping[str, Any]) -> None:
    """OptionError where the options contradict a base."""
    if base.model.cell == "ngram":
        raise OptionError(f"--base: {path} is an n-gram model, without weights; name a network, or add --cell ngram")
    for name, value in vars(base.model).items():
        if name not in ("ngram", "order") and options.get(name, value) != value:
            raise OptionError(f"{flag(name)}: {options[name]} given, but the base has {value}; leave it out")


def _counts_too(data: Dataset, options: Mapping[str, Any], *, bidirectional: bool) -> bool:
    """Whether n-grams are counted beside the network."""
    if options.get("ngram") is not None:
        return bool(options["ngram"])
    if "order" in options:
        return True
    return "cell" not in options and not bidirectional and len(data.valid) > 0 and len(data.train) <= COUNTED


def train(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, base: PathLike | None = None,
    resume: bool = False, force: bool = False, threads: int | None = None, engine: str | None = None,
    device: str = "cpu", checkpoint_every: float = 60.0, **options: Any,
) -> Iterator[Event]:  # fmt: skip
    """Train a model into a folder; yields every step, and every epoch with its line of the log.

    ``dataset`` is one, or what ``lyricgen train`` takes; ``options`` are the fields of ``ModelConfig`` and
    ``TrainConfig``. ``threads`` counts only before anything has been computed. A loop that is left early loses what
    came after the last checkpoint. For ``cell="ngram"``, see ``count``.
    """
    if threads:
        processors.limit(threads)
    with begin(
        dataset, output, base=base, resume=resume, force=force, engine=engine, device=device, **options
    ) as training:
        yield from training.run(checkpoint_every=checkpoint_every)


def count(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, base: PathLike | None = None,
    force: bool = False, **options: Any,
) -> tuple[Checkpoint, dict[str, Any]]:  # fmt: skip
    """Count an n-gram model into a folder: the checkpoint and its line of the log.

    ``base``: a checkpoint whose training text counts, too.
    """
    folder = Path(output)
    model, config = build({**options, "cell": "ngram"}, ModelConfig, TrainConfig)
    with _held(folder, resume=False, force=force):
        older = None if base is None else checkpoints.load(Path(base))
        checkpoint, record = counting.count(find_dataset(dataset)[1], model, config, older)
        counting.save(checkpoint, record, folder)
    return checkpoint, record


@contextlib.contextmanager
def _held(folder: Path, *, resume: bool, force: bool) -> Iterator[None]:
    """The folder of a training, locked; FileError if it may not write there."""
    if resume and force:
        raise OptionError("--resume and --force exclude each other: --resume continues, --force begins again")
    if files.status(folder) and not files.is_folder(folder):
        raise FileError(f"{folder}: is a file; name a folder with -o")
    if resume and not files.status(folder / LAST):
        raise FileError(f"{folder / LAST}: no checkpoint to resume; train without --resume, or name its folder with -o")
    with files.locked(folder):
        there = [name for name in (BEST, LAST, LOG) if files.status(folder / name)]
        for name in there:
            if not files.is_file(folder / name):
                raise FileError(f"{folder / name}: is no file; name another folder with -o")
        if there and not (resume or force):
            raise FileError(
                f"{folder}: holds {'a model' if there != [LOG] else f'a {LOG}'} already; --resume continues it, "
                "--force replaces it, -o names another folder"
            )
        yield


def find_dataset(source: Data = None) -> tuple[str, Dataset]:
    """What ``train`` learns from, with its name.

    A dataset, a dataset file, anything that ``prepare`` reads; or else dataset.safetensors of this folder, or else the
    embedded corpus.
    """
    if isinstance(source, Dataset):
        return ", ".join(source.sources) or corpus.EMBEDDED, source
    named = [source] if isinstance(source, (str, Path)) else list(source or ())
    if not named and files.status(Path(datasets.DEFAULT_FILE)):
        named = [datasets.DEFAULT_FILE]
    if not named:
        return corpus.EMBEDDED, datasets.prepare([], PrepareConfig())
    (first, *more) = named
    if not more and files.is_file(Path(first)) and storage.is_stored(Path(first)):
        return str(first), datasets.load(Path(first))
    sources = [str(path) for path in named]
    return ", ".join(sources), datasets.prepare(sources, PrepareConfig())


def _resumed(path: Path, data: Dataset, given: Mapping[str, Any]) -> Checkpoint:
    start = checkpoints.load(path)
    if not start.can_resume:
        raise FileError(
            f"{path}: has no training to go on with: it is counted, a copy of {BEST}, or used options that are gone; "
            "use --force"
        )
    if start.dataset != data.fingerprint:
        raise FileError(f"{path}: was trained on another dataset; name that one, or train in another folder (-o)")
    trained = {**dataclasses.asdict(start.model), **dataclasses.asdict(start.train)}
    for name, value in given.items():
        if name not in trained:
            raise OptionError(f"{flag(name)}: no such option")
        if trained[name] != value and name not in _CHANGEABLE:
            was = trained[name]
            raise OptionError(f"{flag(name)}: {value} given, but this training began with {was}; leave it out")
    if start.state is not None:
        rows = fit(len(data.train), batch_size=start.train.batch_size, steps=start.train.steps).batch_size
        if start.state.shape[2] != rows:
            raise FileError(f"{path}: is a damaged checkpoint: its state has other rows than its minibatches")
    changed = {name: given[name] for name in _CHANGEABLE if name in given}
    return dataclasses.replace(start, train=dataclasses.replace(start.train, **changed))


class Model:
    """A checkpoint, or several as a mixture, ready to write and to score."""

    def __init__(self, name: str, checkpoint: Checkpoint, combined: loading.Combined) -> None:
        self.name = name  # of the first checkpoint's file
        self.checkpoint = checkpoint  # the first one, which speaks for all: they share vocabulary and line ends
        self.model, self.weights, self.fit = combined
        self._copies: CopyFinder | None = None

    @property
    def vocabulary(self) -> str:
        """The characters that the model knows, sorted."""
        return self.checkpoint.vocabulary.characters

    @property
    def decoder(self) -> Decoder:
        """What writes; FileError for a bidirectional network."""
        if self.checkpoint.model.bidirectional:
            raise FileError("this model is bidirectional: it only fills blanks; load one that writes")
        return cast("Decoder", self.model)

    def writer(self, *, like: PathLike | None = None, **options: Any) -> Writer:
        """What writes songs of which that is asked: the fields of SampleConfig and FormConfig.

        ``like``: a song whose form is taken over; options that are given override it.
        """
        if like is not None:
            options = read_form_for(options, like).with_options(options)
        sample, form = build(options, SampleConfig, FormConfig)
        text = None if self.checkpoint.text is None else self.checkpoint.text.ids("train")
        return Writer(self.decoder, self.checkpoint.vocabulary, sample, form, text)

    def generate(self, prefix: str = "", *, samples: int = 1, **options: Any) -> Iterator[str]:
        """Whole songs, the prefix at the head of each; ``options`` as for ``writer``."""
        return self.writer(**options).songs(prefix, seed=_seed(options), samples=samples)

    def best(self, prefix: str = "", *, best_of: int = 20, samples: int = 1, **options: Any) -> list[Ranked]:
        """The ``samples`` best of ``best_of`` songs, the best first; ``options`` as for ``writer``."""
        names = {each.name for each in dataclasses.fields(SampleConfig)}
        config = SampleConfig(**{name: value for name, value in options.items() if name in names})
        ranking.check(best_of, samples, config)
        return self.rank(self.generate(prefix, samples=best_of, **options), samples)

    def rank(self, songs: Iterable[str], samples: int = 1) -> list[Ranked]:
        """The ``samples`` best of some songs, the best first, by the score of ``lyricgen.writing.ranking``."""
        return ranking.choose([(song, self._figures(song)) for song in songs], samples)

    def _figures(self, song: str) -> Figures:
        score, copied = self.score(song), self.copied(song)
        log_probability = -score.nats / score.characters if score else 0.0
        return Figures(log_probability, ranking.variety(song), None if copied is None else len(copied))

    def stream(self, prefix: str = "", **options: Any) -> Iterator[str]:
        """One song after its prefix, in the pieces in which it is final; ``options`` as for ``writer``."""
        for (piece,) in self.writer(**options).stream(prefix, seed=_seed(options), samples=[0]):
            yield piece

    def fill(self, text: str, *, best: int = 1, beam: int = 64, watch: Watch = iter, **options: Any) -> list[Filling]:
        """The likeliest ways to fill the blanks (＿, □ or _) of a text; ``watch``: see ``filling.fill``.

        ``options``: what the filled text is to be, ``ban`` and the fields of FormConfig but for ``until_blank``.
        """
        from lyricgen.writing import filling  # with all that searches, which songs without constraints do not need

        for name in options:
            if name not in FILLED:
                raise OptionError(f"{flag(name)}: fill has no such option")
        sample, form = build(options, SampleConfig, FormConfig)
        vocabulary, beam = self.checkpoint.vocabulary, max(beam, best)
        return filling.fill(self.model, vocabulary, text, best=best, beam=beam, watch=watch, form=form, ban=sample.ban)

    def score(self, line: str) -> Score | None:
        """How well the model predicts a line as the beginning of a song; None for an empty one."""
        vocabulary = self.checkpoint.vocabulary
        ids = vocabulary.encode(prompt.line_start(vocabulary) + prompt.normalise_prompt(vocabulary, line))
        return scoring.score(self.model.probabilities(ids), ids) if len(ids) > 1 else None

    def evaluate(
        self, *sources: PathLike, encoding: str = "utf-8", dataset: Data = None, accuracy: bool = False,
        baselines: bool = False,
    ) -> Evaluation:  # fmt: skip
        """How well the model predicts the characters of a text after its first one.

        The text is what ``prepare`` would read from ``sources``; or else the held-out part of ``dataset``, or else that
        of the model's own text, which its checkpoint keeps.

        Raises
        ------
        FileError
            The text has less than two characters, or there is none.
        """
        text = self._text(sources, encoding, dataset)
        return evaluation.evaluate(self.model, self.checkpoint, text, accuracy=accuracy, baselines=baselines)

    def _text(self, sources: Sequence[PathLike], encoding: str, dataset: Data) -> Text:
        """The text that sources have, or else the held-out part of a dataset, or else that of the model's own text."""
        if sources:
            named = [str(source) for source in sources]
            words = "".join(corpus.read(named, encoding=encoding, newlines=self.checkpoint.newlines))
            name = ", ".join(corpus.STDIN_NAME if source == corpus.STDIN else source for source in named)
            return Text(name, words, self.checkpoint.vocabulary.encode(words))
        name, parts = _named_parts(dataset, self.name, self.checkpoint)
        return evaluation.held_out(self.checkpoint, parts, name)

    def inspect(
        self, *sources: PathLike, encoding: str = "utf-8", dataset: Data = None, max_chars: int = 2000,
        without: Collection[str] = (),
    ) -> Inspection:  # fmt: skip
        """What can be seen in the model as it reads a text: see ``lyricgen.inspection.views``.

        The text is chosen as for ``evaluate``; its first ``max_chars`` characters are read. ``without``: views
        that are left out, of ``lyricgen.inspection.views.NAMES``.
        """
        from lyricgen.inspection import inspection, views

        for name in without:
            if name not in views.NAMES:
                raise OptionError(f"--without: {name!r} is not one of {', '.join(views.NAMES)}")
        text, parts = self._text(sources, encoding, dataset), self.checkpoint.text
        if len(text.ids) < 2:
            raise FileError(f"{text.name}: too short; it needs two characters")
        name = f"the {parts.held_out} part" if not sources and dataset is None and parts else text.name
        if max_chars < len(text.ids):
            name = f"the first {max_chars:,} of {len(text.ids):,} characters of {name}"
        text = Text(f"{self.name}: {name}", text.text[:max_chars], text.ids[:max_chars])
        return inspection.inspect(self.model, self.checkpoint, text, without=without)

    def copied(self, song: str) -> str | None:
        """The longest part of a song that occurs in the training text; None if the checkpoint keeps no text."""
        if self.checkpoint.text is None:
            return None
        if self._copies is None:
            self._copies = CopyFinder(self.checkpoint.text.text("train"))
        return self._copies.longest(prompt.normalise_prompt(self.checkpoint.vocabulary, song))


def load(
    *checkpoint: PathLike, weights: Sequence[float] | None = None, cache: bool = False, engine: str = "numpy",
    dataset: Data = None, bidirectional: bool = True, fit: bool = True, ngram: bool = True,
) -> Model:  # fmt: skip
    """The model of a checkpoint (a file, or a folder's best), or the mixture of several.

    With ``ngram=False`` the n-grams beside a network are left out.

    Without ``weights`` they are fitted on the validation part of ``dataset``, or else of the first checkpoint's own
    text; with ``fit=False`` all models weigh alike. A bidirectional network is not mixed with others.
    """
    named = [Path(path) for path in checkpoint] or [Path(checkpoints.DEFAULT_FOLDER)]
    loaded = [checkpoints.load(path) for path in named]
    if not ngram:
        loaded = [dataclasses.replace(each, counted=None) for each in loaded]
    first = loaded[0]
    loading.check_compatible(named, loaded)
    for path, other in zip(named, loaded):
        if other.model.bidirectional and not (bidirectional and len(loaded) == 1 and not cache):
            raise FileError(
                f"{path}: is a bidirectional model, which only fills blanks (lyricgen fill) and cannot be mixed; "
                "name one that was trained without --bidirectional"
            )
    if first.model.bidirectional:
        return Model(str(named[0]), first, loading.Combined(Bidirectional(first.model, first.parameters)))
    if engine == "mxnet" and all(each.model.cell == "ngram" for each in loaded):
        raise OptionError("--engine mxnet: has no effect on an n-gram model; leave it out")
    fit_on = _validation_part(first, dataset) if fit and weights is None and (cache or len(loaded) > 1) else None
    main_model = _mxnet_model if engine == "mxnet" else Checkpoint.main_model
    combined = loading.combine(loaded, weights=weights, cache=cache, fit_on=fit_on, main_model=main_model)
    return Model(str(named[0]), first, combined)


def _mxnet_model(checkpoint: Checkpoint) -> Decoder:
    if checkpoint.model.cell == "ngram":
        return checkpoint.main_model()
    from lyricgen.engine.mxnet.decoder import NetworkDecoder
    from lyricgen.engine.mxnet.network import MxnetNetwork
    from lyricgen.engine.network import flatten

    vector = flatten(checkpoint.model, checkpoint.parameters)
    return NetworkDecoder(MxnetNetwork(checkpoint.model, len(checkpoint.vocabulary), vector))


def _validation_part(checkpoint: Checkpoint, dataset: Data) -> Ids | None:
    """The text (T,) by which the weights of a mixture are fitted, if there is any."""
    parts = checkpoint.text if dataset is None else find_dataset(dataset)[1].parts
    return None if parts is None else evaluation.read(checkpoint, parts, "valid")


def evaluate(
    *sources: PathLike, checkpoint: PathLike | Sequence[PathLike] = checkpoints.DEFAULT_FOLDER,
    weights: Sequence[float] | None = None, cache: bool = False, dataset: Data = None, ngram: bool = True,
    **options: Any,
) -> Evaluation:  # fmt: skip
    """How well a checkpoint, or a mixture of several, predicts a text; ``options`` are those of ``Model.evaluate``.

    Weights are never fitted on the text that is measured.
    """
    paths = [checkpoint] if isinstance(checkpoint, (str, Path)) else checkpoint
    fit = bool(sources) or measures_test_part(Path(paths[0]), dataset)
    model = load(*paths, weights=weights, cache=cache, dataset=dataset, fit=fit, ngram=ngram)
    return model.evaluate(*sources, dataset=dataset, **options)


def measures_test_part(path: Path, dataset: Data) -> bool:
    parts = checkpoints.load(path).text if dataset is None else find_dataset(dataset)[1].parts
    return parts is not None and parts.held_out == "test"


def _named_parts(dataset: Data, name: str, checkpoint: Checkpoint) -> tuple[str, Parts | None]:
    """The parts of ``dataset``, or else those that the checkpoint of that name keeps, and whose they are."""
    if dataset is None:
        return name, checkpoint.text
    name, data = find_dataset(dataset)
    return name, data.parts


def gradients(*checkpoint: PathLike, dataset: Data = None, scale: float | None = None) -> list[Gradients]:
    """How far back networks look: the gradients of their predictions by their states before, of each checkpoint.

    All read the same text, the held-out part of ``dataset``, or else of the first one's own text. With ``scale`` each
    network is followed a second time, the weights of its recurrence so many times as large.
    """
    from lyricgen.inspection.gradients import gradients as follow

    if scale is not None and not 0 < scale <= _LARGEST_SCALE:
        raise OptionError(f"--scale: {scale:g} is not above 0 and at most {_LARGEST_SCALE:g}")
    found = []
    for run, loaded, ids in _networks(checkpoint, dataset):
        found.append(follow(loaded, ids, run=run))
        if scale is not None:
            found.append(follow(loaded, ids, run=run, scale=scale))
    return found


def context(*checkpoint: PathLike, dataset: Data = None) -> list[Context]:
    """Perplexity of each checkpoint's network by how many characters it sees, beside n-grams; the text: as for
    ``gradients``.
    """
    from lyricgen.inspection.context import context as measure_context

    return [measure_context(loaded, ids, run=run) for run, loaded, ids in _networks(checkpoint, dataset)]


def _networks(paths: Sequence[PathLike], dataset: Data) -> Iterator[tuple[str, Checkpoint, Ids]]:
    """The networks of checkpoints, and the same held-out text in the ids of each."""
    named = [Path(path) for path in paths] or [Path(checkpoints.DEFAULT_FOLDER)]
    loaded = [checkpoints.load(path) for path in named]
    for path, each in zip(named, loaded):
        if each.model.cell == "ngram" or each.model.bidirectional:
            kind = "an n-gram model, which has no hidden state" if each.model.cell == "ngram" else "bidirectional"
            raise FileError(f"{path}: is {kind}; name a network that reads forward alone")
    name, parts = _named_parts(dataset, str(named[0]), loaded[0])
    if parts is None or not parts.held_out:
        raise FileError(f"{name}: keeps no held-out text; name one with --dataset")
    text = parts.text(parts.held_out)
    for path, each in zip(named, loaded):
        yield str(path), each, each.vocabulary.encode(text)


class Measures(NamedTuple):
    """Figures of songs, and of the corpus that they are compared with."""

    songs: dict[str, float]
    corpus: dict[str, float]
    name: str


def measure(
    songs: PathLike | Sequence[str] = corpus.STDIN, *, checkpoint: PathLike = checkpoints.DEFAULT_FOLDER,
    dataset: Data = None, encoding: str = "utf-8",
) -> Measures:  # fmt: skip
    """What songs are like, beside the training part of ``dataset``, or else of a checkpoint's own text.

    ``songs``: a list of them; or a file that has them parted by blank lines, or as lines of JSON with a ``text`` each.
    """
    if dataset is None:
        name, parts = str(checkpoint), checkpoints.load(Path(checkpoint)).text
        if parts is None:
            raise FileError(f"{name}: keeps no training text to compare with; name one with --dataset")
    else:
        name, data = find_dataset(dataset)
        parts = data.parts
    if isinstance(songs, (str, Path)):
        songs = _read_songs(
            "".join(corpus.read([str(songs)], encoding=encoding, may_be_empty=True, as_it_is=True)), str(songs)
        )
    text = parts.text("train")
    known, finder = measures.split_songs(text), CopyFinder(text)
    found = {**measures.figures(songs, known), **measures.copies(songs, finder)}
    return Measures(found, measures.figures(known, known), name)


def _read_songs(text: str, name: str) -> list[str]:
    if not text.lstrip().startswith("{"):
        return measures.split_songs(text)
    try:
        return [str(schema.parse(line)["text"]) for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"{name}: not lines of JSON with a text in each, as generate --json writes them ({error})"
        ) from error


def read_form(song: PathLike, *, encoding: str = "utf-8", tones: bool = False, tones_by: str = "modern") -> SongForm:
    """The form of a song (a text or an .lrc file, or -), as options of ``Model.generate``."""
    if str(song) != corpus.STDIN and files.is_file(Path(song)) and storage.is_stored(Path(song)):
        raise FileError(f"{song}: is no song but a {storage.kind_of(Path(song))}; name a text")
    from lyricgen.writing.form import reader as forms

    text = "".join(piece for _, piece in corpus.read_each([str(song)], corpus.Reader(encoding)))
    return forms.read_form(text, name=str(song), tones=tones, tones_by=tones_by)


def read_form_for(options: Mapping[str, Any], song: PathLike, *, encoding: str = "utf-8") -> SongForm:
    """The form of a song beside which these options are given: with its tones, if they ask for them."""
    with_tones = options.get("tones") == TONES_OF_SONG
    return read_form(song, encoding=encoding, tones=with_tones, tones_by=options.get("tones_by", "modern"))


def export(
    checkpoint: PathLike = checkpoints.DEFAULT_FOLDER, output: PathLike | None = None, *, format: str = "onnx",
    force: bool = False,
) -> Path:  # fmt: skip
    """Write a checkpoint for another framework, ``onnx`` or ``torch``; returns the file's path."""
    if format not in exports.FORMATS:
        raise OptionError(f"--format: {format!r} is not one of {', '.join(exports.FORMATS)}")
    loaded = checkpoints.load(Path(checkpoint))
    target = Path(output) if output is not None else Path("model" + exports.FORMATS[format])
    with files.product(target, force=force) as file:
        exports.write(loaded, file, format)
    return target


def _seed(options: Mapping[str, Any]) -> int:
    seed = options.get("seed")
    return secrets.randbelow(2**32) if seed is None else int(seed)


__all__ = [
    "Evaluation",
    "Measures",
    "Model",
    "begin",
    "context",
    "count",
    "evaluate",
    "export",
    "gradients",
    "load",
    "measure",
    "minibatches",
    "prepare",
    "read_form",
    "train",
]
