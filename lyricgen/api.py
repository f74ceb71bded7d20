"""What the command line does, for Python, in the same words: ``prepare``, ``train``, ``load``, ``evaluate``.

Options have the names of the flags (``batch_size`` for ``--batch-size``), the same defaults and the same bounds. What a
user can put right is raised as a ``LyricgenError``. Nothing is printed.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union, cast

import numpy as np

from lyricgen import storage
from lyricgen import threads as processors
from lyricgen.config import FormConfig, ModelConfig, PrepareConfig, SampleConfig, TrainConfig, flag
from lyricgen.errors import FileError, OptionError
from lyricgen.model import cache as caches
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model import counting, mixture, scoring
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import BEST, LAST, Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.model.scoring import Score
from lyricgen.text import corpus
from lyricgen.text import dataset as datasets
from lyricgen.text.dataset import Dataset
from lyricgen.text.vocabulary import Ids
from lyricgen.writing import filling
from lyricgen.writing.filling import Filling
from lyricgen.writing.generation import Writer

if TYPE_CHECKING:
    from lyricgen.engine.cluster import Cluster
    from lyricgen.engine.run import Event

PathLike = Union[str, Path]
Data = Union[Dataset, PathLike, None]
_FITTED_ON = 20_000  # characters of the validation part: more change the weights by little
_CHANGEABLE = ("epochs", "patience")  # what a resumed training may do otherwise than before


def prepare(*sources: PathLike, output: PathLike | None = None, force: bool = False, **options: Any) -> Dataset:
    """Read sources (none: the embedded corpus) into a dataset; write it to ``output``, if that is named.

    ``options`` are the fields of ``PrepareConfig``.

    Raises
    ------
    FileError
        A source cannot be read, the text is too short, or ``output`` exists already and ``force`` is not given.
    """
    (config,) = _configs(options, PrepareConfig)
    if output is not None:
        storage.check_new(Path(output), force=force)
    prepared = datasets.prepare([str(source) for source in sources], config)
    if output is not None:
        prepared.save(Path(output))
    return prepared


@dataclasses.dataclass(frozen=True)
class Training:
    """A training that is about to begin or to go on."""

    start: Checkpoint
    dataset: Dataset
    folder: Path
    resume: bool
    force: bool

    def run(
        self,
        *,
        checkpoint_every: float = math.inf,
        stopped: Callable[[], bool] = lambda: False,
        cluster: Cluster | None = None,
    ) -> Iterator[Event]:
        """Train; yields each step and each epoch. The folder is held until the last one.

        ``cluster``: the workers that this process has joined (``lyricgen.engine.cluster.join``); the first one writes.
        """
        from lyricgen.engine import run
        from lyricgen.engine.cluster import ALONE

        cluster = cluster or ALONE
        with nullcontext() if cluster.rank else storage.locked(self.folder):
            if not cluster.rank:  # the folder may have changed before it was locked
                check_folder(self.folder, resume=self.resume, force=self.force)
            yield from run.run(
                self.start, self.dataset, self.folder, save_every=checkpoint_every, stopped=stopped, cluster=cluster
            )


def begin(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, resume: bool = False, force: bool = False,
    **options: Any,
) -> Training:  # fmt: skip
    """What ``train`` trains, before its first step; for networks only."""
    from lyricgen.engine import run

    folder = Path(output)
    check_folder(folder, resume=resume, force=force)
    data = find_dataset(dataset)[1]
    if resume:
        return Training(_resumed(folder / LAST, data, options), data, folder, resume, force)
    model, config = _configs(options, ModelConfig, TrainConfig)
    return Training(run.begin(data, model, config), data, folder, resume, force)


def train(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, resume: bool = False, force: bool = False,
    threads: int | None = None, checkpoint_every: float = 60.0, **options: Any,
) -> Iterator[Event]:  # fmt: skip
    """Train a model into a folder; yields every step, and every epoch with its line of the log.

    ``dataset`` is one, or what ``lyricgen train`` takes; ``options`` are the fields of ``ModelConfig`` and
    ``TrainConfig``. ``threads`` counts only before anything has been computed. A loop that is left early loses what
    came after the last checkpoint. For ``cell="ngram"``, see ``count``.
    """
    if threads:
        processors.limit(threads)
    training = begin(dataset, output, resume=resume, force=force, **options)
    yield from training.run(checkpoint_every=checkpoint_every)


def count(
    dataset: Data = None, output: PathLike = checkpoints.DEFAULT_FOLDER, *, force: bool = False, **options: Any
) -> tuple[Checkpoint, dict[str, Any]]:
    """Count an n-gram model into a folder: the checkpoint and its line of the log."""
    folder = Path(output)
    check_folder(folder, resume=False, force=force)
    model, config = _configs({**options, "cell": "ngram"}, ModelConfig, TrainConfig)
    checkpoint, record = counting.count(find_dataset(dataset)[1], model, config)
    with storage.locked(folder):
        counting.save(checkpoint, record, folder)
    return checkpoint, record


def check_folder(folder: Path, *, resume: bool, force: bool) -> None:
    """FileError if a training may not write there."""
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder}: is a file; name a folder with -o")
    held = (folder / BEST).exists() or (folder / LAST).exists()
    if held and not (resume or force):
        raise FileError(
            f"{folder}: holds a model already; --resume goes on with it, --force replaces it, -o names another folder"
        )
    if resume and not (folder / LAST).exists():
        raise FileError(f"{folder / LAST}: no checkpoint to resume; train without --resume, or name its folder with -o")
    if resume and force:
        raise OptionError("--resume and --force: take one of them, to go on or to begin anew")


def find_dataset(source: Data = None) -> tuple[str, Dataset]:
    """The dataset that is meant, with its name: a file of ours, anything that ``prepare`` reads, the one at hand."""
    if isinstance(source, Dataset):
        return "the dataset given", source
    if source is None and Path(datasets.DEFAULT_FILE).exists():
        source = datasets.DEFAULT_FILE
    if source is None:
        return corpus.EMBEDDED, datasets.prepare([], PrepareConfig())
    if Path(source).is_file() and storage.is_stored(Path(source)):
        return str(source), datasets.load(Path(source))
    return str(source), datasets.prepare([str(source)], PrepareConfig())


def _resumed(path: Path, data: Dataset, given: Mapping[str, Any]) -> Checkpoint:
    start = checkpoints.load(path)
    if start.dataset != data.fingerprint:
        raise FileError(f"{path}: was trained on another dataset; name that one, or train anew in another folder (-o)")
    trained = {**dataclasses.asdict(start.model), **dataclasses.asdict(start.train)}
    for name, value in given.items():
        if name not in trained:
            raise OptionError(f"{flag(name)}: no such option")
        if trained[name] != value and name not in _CHANGEABLE:
            was = trained[name]
            raise OptionError(f"{flag(name)}: {value} given, but this training began with {was}; leave it out")
    changed = {name: given[name] for name in _CHANGEABLE if name in given}
    return dataclasses.replace(start, train=dataclasses.replace(start.train, **changed))


class Fit(NamedTuple):
    """How the weights of a mixture were found: on so many characters (0: all models weigh alike), and their mean."""

    characters: int
    mean: list[float]


class Model:
    """A checkpoint, or several as a mixture, ready to write and to score."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        model: Decoder | Bidirectional,
        weights: mixture.Weights | None = None,
        fit: Fit | None = None,
    ) -> None:
        self.checkpoint = checkpoint  # the first one, which speaks for all: they share vocabulary and line ends
        self.model = model
        self.weights = weights  # of a mixture
        self.fit = fit  # where they come from, if they were not given

    @property
    def vocabulary(self) -> str:
        """The characters that the model knows, sorted."""
        return self.checkpoint.vocabulary.characters

    @property
    def decoder(self) -> Decoder:
        """What writes; FileError for a bidirectional network."""
        if self.checkpoint.model.bidirectional:
            raise FileError("this model is bidirectional, so that it only fills blanks; load one that writes")
        return cast("Decoder", self.model)

    def writer(self, sample: SampleConfig, form: FormConfig) -> Writer:
        """What writes songs of which that is asked."""
        return Writer(self.decoder, self.checkpoint.vocabulary, sample, form, self.checkpoint.index)

    def generate(self, prefix: str = "", *, samples: int = 1, **options: Any) -> Iterator[str]:
        """Whole songs, the prefix at the head of each; ``options`` are the fields of SampleConfig and FormConfig."""
        sample, form = _configs(options, SampleConfig, FormConfig)
        return self.writer(sample, form).songs(prefix, seed=_seed(sample), samples=samples)

    def stream(self, prefix: str = "", **options: Any) -> Iterator[str]:
        """One song after its prefix, in the pieces in which it is settled."""
        sample, form = _configs(options, SampleConfig, FormConfig)
        for (piece,) in self.writer(sample, form).stream(prefix, seed=_seed(sample), samples=[0]):
            yield piece

    def fill(self, text: str, *, best: int = 1, beam: int = 64) -> list[Filling]:
        """The likeliest ways to fill the blanks (＿ or _) of a text."""
        return filling.fill(self.model, self.checkpoint.vocabulary, text, best=best, beam=max(beam, best))

    def score(self, text: str) -> Score:
        """How well the model foresees a text of at least two characters, as it would read it."""
        taught = corpus.flatten(corpus.normalise(text), self.checkpoint.newlines)
        return self._score(taught)

    def evaluate(self, *sources: PathLike, encoding: str = "utf-8") -> Score:
        """How well the model foresees what ``prepare`` would read."""
        read = corpus.read([str(source) for source in sources], encoding=encoding, newlines=self.checkpoint.newlines)
        return self._score("".join(read))

    def _score(self, text: str) -> Score:
        ids = self.checkpoint.vocabulary.encode(text)
        if len(ids) < 2:
            raise FileError("the text is too short; two characters are the least")
        return scoring.score(self.model.probabilities(ids), ids)


def load(
    *paths: PathLike, weights: Sequence[float] | None = None, cache: bool = False, engine: str = "numpy",
    bidirectional: bool = True, fit_on: Callable[[Checkpoint], Ids | None] | None = None,
) -> Model:  # fmt: skip
    """The model of a checkpoint (a file, or a folder's best), or the mixture of several.

    Without ``weights`` they are fitted on the text that ``fit_on`` gives; the validation part of the dataset at hand,
    if it is theirs, unless told otherwise. A bidirectional network is not mixed with others.
    """
    named = [Path(path) for path in paths] or [Path(checkpoints.DEFAULT_FOLDER)]
    loaded = [checkpoints.load(path) for path in named]
    first = loaded[0]
    for path, other in zip(named, loaded):
        if other.vocabulary != first.vocabulary or other.newlines != first.newlines:
            raise FileError(
                f"{path}: has another vocabulary than {named[0]}; train both on the same dataset to mix them"
            )
        if other.model.bidirectional and not (bidirectional and len(loaded) == 1 and not cache):
            raise FileError(
                f"{path}: is a bidirectional model, which only fills blanks (lyricgen fill) and is not mixed; "
                "this takes one that was trained without --bidirectional"
            )
    if first.model.bidirectional:
        return Model(first, Bidirectional(first.model, first.parameters))
    shares = None if weights is None else _shares(weights, len(loaded))
    decoders = [_decoder(checkpoint, engine) for checkpoint in loaded]
    if len(loaded) == 1 and not cache:
        return Model(first, decoders[0])
    fit = None
    if shares is None:
        chosen, fit = _fit(decoders, (fit_on or validation_part)(first), cache)
    else:
        chosen = mixture.with_cache(shares) if cache else shares[None]
    return Model(first, mixture.Mixture(decoders, chosen, len(first.vocabulary)), chosen, fit)


def _shares(weights: Sequence[float], count: int) -> mixture.Weights:
    values = np.array(weights, float)
    if len(values) != count:
        raise OptionError(f"--weights: {len(values)} numbers for {count} checkpoints; name one for each -c")
    if not np.all(np.isfinite(values)) or np.any(values < 0) or not values.sum():
        shown = ",".join(f"{weight:g}" for weight in weights)
        raise OptionError(f"--weights: {shown} are no shares; none may be negative or infinite, not all zero")
    shares: mixture.Weights = values / values.sum()
    return shares


def _decoder(checkpoint: Checkpoint, engine: str) -> Decoder:
    if engine == "mxnet" and checkpoint.model.cell != "ngram":
        from lyricgen.engine.decoder import NetworkDecoder
        from lyricgen.engine.network import Network

        return NetworkDecoder(Network(checkpoint.model, checkpoint.parameters))
    return checkpoint.decoder()


def _fit(decoders: Sequence[Decoder], ids: Ids | None, cached: bool) -> tuple[mixture.Weights, Fit]:
    if ids is None or len(ids) < 2:
        return mixture.equal_weights(len(decoders), cached=cached), Fit(0, [])
    probabilities, lengths = mixture.component_probabilities(decoders, ids[:_FITTED_ON], cached=cached)
    fitted = mixture.fit(probabilities, lengths, caches.LONGEST + 1 if cached else 1)
    counts = np.bincount(lengths, minlength=len(fitted))
    return fitted, Fit(len(lengths), ((fitted * counts[:, None]).sum(axis=0) / counts.sum()).tolist())


def validation_part(checkpoint: Checkpoint, data: Dataset | None = None) -> Ids | None:
    """The validation part of a dataset, that at hand unless another is given, if it has the checkpoint's vocabulary."""
    data = data or find_dataset()[1]
    if data.vocabulary != checkpoint.vocabulary or checkpoint.newlines != data.config.newlines:
        return None
    ids: Ids = data.valid
    return ids


def evaluate(
    *sources: PathLike, checkpoint: PathLike | Sequence[PathLike] = checkpoints.DEFAULT_FOLDER, **options: Any
) -> Score:
    """How well a checkpoint, or a mixture of several, foresees sources; ``options`` are those of ``load``."""
    paths = [checkpoint] if isinstance(checkpoint, (str, Path)) else checkpoint
    return load(*paths, **options).evaluate(*sources)


def _configs(options: Mapping[str, Any], *kinds: Any) -> list[Any]:
    """The dataclasses that options describe together; OptionError for a name that none of them has."""
    fields = [{field.name for field in dataclasses.fields(kind)} for kind in kinds]
    for name in options:
        if not any(name in names for names in fields):
            raise OptionError(f"{flag(name)}: no such option")
    return [kind(**{name: options[name] for name in options if name in names}) for kind, names in zip(kinds, fields)]


def _seed(sample: SampleConfig) -> int:
    return secrets.randbelow(2**32) if sample.seed is None else sample.seed


__all__ = ["Model", "count", "evaluate", "load", "prepare", "train"]
