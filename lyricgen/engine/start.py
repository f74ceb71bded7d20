"""Begin or resume a training: lock its folder, resolve its options, make its first checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen import files
from lyricgen.config import (
    FEW,
    NO_BASE,
    Base,
    EngineConfig,
    ModelConfig,
    Plan,
    Size,
    TrainConfig,
    build,
    check_plan,
    choose_engine,
    flag,
    resolve,
)
from lyricgen.engine import engines
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.loop import Epoch, Trainer, never
from lyricgen.engine.training import Step
from lyricgen.errors import FileError, OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model import counting
from lyricgen.model.checkpoint import BEST, LAST, LOG, SHIPPED, SHIPPED_FILE, Checkpoint, Counted, fresh
from lyricgen.model.growing import grow
from lyricgen.model.parameters import initial_parameters, parameter_shapes
from lyricgen.system import memory, threads
from lyricgen.text.batches import fit
from lyricgen.text.dataset import Dataset
from lyricgen.text.script import ScriptCount
from lyricgen.text.vocabulary import UNKNOWN, count_ids

_FLOAT = 4  # bytes
_SHARE = 0.5  # of the n-grams, where nothing is held out to fit it on
_KNOWN = 0.9  # share of a text's characters that a base of its language knows
_CHANGEABLE = ("epochs", "patience")  # options that a resumed training may change


class Counter:
    """The training of an n-gram model: one pass over the text is its only epoch."""

    def __init__(self, dataset: Dataset, plan: Plan, base: Checkpoint | None, folder: Path) -> None:
        self._dataset, self._plan, self._base, self._folder = dataset, plan, base, folder

    def epochs(
        self, on_step: Callable[[Step], object] = never, *, stopped: Callable[[], bool] = never
    ) -> Iterator[Epoch]:
        """Count, write the model, and yield the one epoch; there are no steps to stop after."""
        checkpoint, record = counting.count(self._dataset, self._plan.model, self._plan.train, self._base)
        counting.save(checkpoint, record, self._folder)
        yield Epoch(record, checkpoint, is_best=True, is_last=True)


@dataclasses.dataclass(frozen=True)
class Training:
    """A training that is about to begin or to continue; its folder is locked meanwhile."""

    dataset: Dataset
    folder: Path
    plan: Plan
    trainer: Trainer | Counter
    start: Checkpoint | None = None  # the checkpoint that it continues; None for an n-gram model
    new: int | None = None  # characters that the base did not know
    is_base_chosen: bool = False  # nobody named the base

    def epochs(
        self, on_step: Callable[[Step], object] = never, *, stopped: Callable[[], bool] = never
    ) -> Iterator[Epoch]:
        """Train; yield each epoch when its checkpoint is on disk.

        ``on_step`` is called after each minibatch, then ``stopped``; when that returns true, the training is saved and
        ends.
        """
        return self.trainer.epochs(on_step, stopped=stopped)


class Request(NamedTuple):
    """How a training begins, beside its options."""

    output: Path
    base: Path | None = None
    resume: bool = False
    force: bool = False


@contextlib.contextmanager
def begin(
    data: Callable[[], Dataset], request: Request, options: Mapping[str, Any], *, cluster: Cluster = ALONE
) -> Iterator[Training]:
    """Lock the folder for the length of the block and yield the training there.

    Options and folder are checked before ``data`` is called to read the text. Of several workers the first one writes.
    """
    _check(request, options)
    locked = _locked(request) if cluster.rank == 0 else contextlib.nullcontext()
    with locked:
        dataset = data()
        if request.resume:
            last = checkpoints.load(request.output / LAST)
            _check_same_base(request.base, last)
            dataset = _in_script_of(last, dataset) if len(last.read) > 1 else dataset
            start = resumed(last, request.output / LAST, dataset, options)
            engine = choose_engine(build(options, ModelConfig, TrainConfig, EngineConfig)[2], start.model, **_machine())
            plan, base = Plan(start.model, start.train, engine), None
        else:
            base = _base(request.base, dataset, options)
            dataset = dataset if base is None else _in_script_of(base, dataset)
            size = Size(len(dataset.train), len(dataset.valid) > 0)
            known = None if base is None else _as_base(base, str(request.base or SHIPPED))
            plan = resolve(options, size, known, **_machine())
            if plan.model.cell == "ngram":
                yield Training(dataset, request.output, plan, Counter(dataset, plan, base, request.output))
                return
            start = first_checkpoint(dataset, plan.model, plan.train, base)
        if plan.engine.threads:
            threads.limit(plan.engine.threads)
        engines.start(plan.engine)
        cluster.check_alike(start, str(plan.engine.engine))
        dataset = dataset.in_vocabulary(start.vocabulary)
        trainer = Trainer(start, dataset, request.output, engine=str(plan.engine.engine), cluster=cluster)
        new = None if base is None else len(start.vocabulary) - len(base.vocabulary)
        is_base_chosen = base is not None and request.base is None
        yield Training(dataset, request.output, plan, trainer, start, new, is_base_chosen)


def _base(named: Path | None, dataset: Dataset, options: Mapping[str, Any]) -> Checkpoint | None:
    """Return the base that was named, or the shipped model if it fits the text and the options."""
    if named is not None:
        return None if str(named) == NO_BASE else checkpoints.load(named)
    if dataset.config.newlines == "space" or len(dataset.train) > FEW:
        return None
    base = checkpoints.load(files.shipped(SHIPPED_FILE))
    contradicts = any(
        options.get(name, value) not in (None, value)
        for name, value in dataclasses.asdict(base.model).items()
        if name not in ("ngram", "order")
    )
    if contradicts:
        return None
    text = _in_script_of(base, dataset)
    counts = count_ids(text.train, len(text.vocabulary))
    is_known = text.vocabulary.ids_in(base.vocabulary) != UNKNOWN
    is_chinese = np.array(["\u3400" <= character <= "\u9fff" for character in text.vocabulary.id_to_char])
    is_letter = np.array([character.isalpha() for character in text.vocabulary.id_to_char])
    knows = counts[is_known].sum() >= _KNOWN * counts.sum()
    return base if knows and counts[is_chinese].sum() > counts[is_letter].sum() / 2 else None


def _check_same_base(named: Path | None, last: Checkpoint) -> None:
    """Raise OptionError if a training that is resumed began with another base than the one that is named."""
    if named is None:
        return
    read = () if str(named) == NO_BASE else checkpoints.load(named).read
    if read != last.read[:-1]:
        raise OptionError(f"--base: {named} given, but this training began with another base; leave it out")


def _in_script_of(base: Checkpoint, dataset: Dataset) -> Dataset:
    """Return a dataset in the script of a base, which would write songs in both otherwise."""
    count = ScriptCount()
    count.add(base.vocabulary.characters)
    return dataset if count.script is None else dataset.in_script(count.script)


def _machine() -> dict[str, bool]:
    return {"has_mxnet": engines.has_mxnet()}


def _as_base(checkpoint: Checkpoint, name: str) -> Base:
    return Base(name, checkpoint.model, checkpoint.train, sum(text.characters for text in checkpoint.read))


def _check(request: Request, options: Mapping[str, Any]) -> None:
    """Refuse options that are wrong whatever the text, before it is read."""
    if request.resume and request.force:
        raise OptionError("--resume and --force exclude each other: --resume continues, --force begins again")
    if request.resume and options.get("cell") == "ngram":
        raise OptionError("--resume: an n-gram model is counted in one pass; use --force to count it again")
    model, _, _ = build(options, ModelConfig, TrainConfig, EngineConfig)
    check_plan(options, model)


def first_checkpoint(
    dataset: Dataset, model: ModelConfig, train: TrainConfig, base: Checkpoint | None = None
) -> Checkpoint:
    """Return a new model of a dataset, before its first epoch; LyricgenError if this machine cannot hold it.

    With a ``base`` it begins with that one's weights, and keeps its characters.
    """
    if base is not None:
        dataset = dataset.in_vocabulary(base.vocabulary.union(dataset.vocabulary))
    _check_memory(dataset, model, train)
    rng, size = np.random.default_rng([train.seed, 0]), len(dataset.vocabulary)
    parameters = grow(base, dataset.vocabulary, rng) if base else initial_parameters(model, size, rng)
    counts = base if base is not None and base.counted else None  # a base without n-grams adds none
    counted = Counted(_SHARE, counting.estimate(dataset, model.order, counts)) if model.ngram else None
    return dataclasses.replace(fresh(dataset, model, train, parameters, base=base), counted=counted)


def _check_memory(dataset: Dataset, model: ModelConfig, train: TrainConfig) -> None:
    """Refuse too large a training: initial and current weights, gradient and moments; logits and their gradient."""
    size = len(dataset.vocabulary)
    count = sum(math.prod(shape) for shape in parameter_shapes(model, size).values())
    memory.refuse_beyond(_FLOAT * 5 * count, f"a network of {count:,} parameters (--hidden, --layers)")
    rows, steps = fit(len(dataset.train), batch_size=train.batch_size, steps=train.steps)
    numbers = rows * steps * (2 * size + 4 * model.hidden * model.layers)
    memory.refuse_beyond(_FLOAT * numbers, f"a minibatch of {rows:,} × {steps:,} characters (--batch-size, --steps)")


@contextlib.contextmanager
def _locked(request: Request) -> Iterator[None]:
    """Lock the folder of a training; FileError if it may not write there."""
    folder = request.output
    if files.status(folder) and not files.is_folder(folder):
        raise FileError(f"{folder}: is a file; name a folder with -o")
    if request.resume and not files.status(folder / LAST):
        raise FileError(f"{folder / LAST}: no checkpoint to resume; train without --resume, or name its folder with -o")
    with files.locked(folder):
        existing = [name for name in (BEST, LAST, LOG) if files.status(folder / name)]
        for name in existing:
            if not files.is_file(folder / name):
                raise FileError(f"{folder / name}: is not a regular file; name another folder with -o")
        if existing and not (request.resume or request.force):
            raise FileError(
                f"{folder}: already holds {'a model' if existing != [LOG] else f'a {LOG}'}; --resume continues it, "
                "--force replaces it, -o names another folder"
            )
        yield


def resumed(start: Checkpoint, path: Path, dataset: Dataset, given: Mapping[str, Any]) -> Checkpoint:
    """Check and complete the last checkpoint of a training; OptionError if an option would change the training."""
    if not start.can_resume:
        raise FileError(f"{path}: cannot be resumed: it is an n-gram model or a copy of {BEST}; use --force")
    if start.dataset != dataset.fingerprint:
        raise FileError(f"{path}: was trained on another dataset; name that one, or train in another folder (-o)")
    trained = {**dataclasses.asdict(start.model), **dataclasses.asdict(start.train)}
    for name, value in given.items():
        if name in trained and trained[name] != value and name not in _CHANGEABLE:
            was = trained[name]
            raise OptionError(f"{flag(name)}: {value} given, but this training began with {was}; leave it out")
    if start.state is not None:
        rows = fit(len(dataset.train), batch_size=start.train.batch_size, steps=start.train.steps).batch_size
        if start.state.shape[2] != rows:
            raise FileError(f"{path}: is a damaged checkpoint: its state has other rows than its minibatches")
    changed = {name: given[name] for name in _CHANGEABLE if name in given}
    return dataclasses.replace(start, train=dataclasses.replace(start.train, **changed))
