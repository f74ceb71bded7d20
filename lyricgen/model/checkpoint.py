"""One self-describing file: parameters, configuration, vocabulary, progress and optimizer state."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import __version__, files, storage
from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.errors import DivergenceError, FileError
from lyricgen.model import ngram
from lyricgen.model.decoder import Decoder
from lyricgen.model.mixture import Mixture, Weights
from lyricgen.model.ngram import NGram
from lyricgen.model.parameters import STATES, Floats, Parameters, are_sound, parameter_shapes
from lyricgen.model.recurrent import Recurrent
from lyricgen.schema import Bounds, Checked, field, from_json
from lyricgen.text import corpus
from lyricgen.text.dataset import Dataset
from lyricgen.text.parts import Parts, check_parts
from lyricgen.text.vocabulary import Vocabulary

KIND = "checkpoint"
BEST, LAST, LOG = "best.safetensors", "last.safetensors", "log.jsonl"
DEFAULT_FOLDER = "checkpoints"
SHIPPED, SHIPPED_FILE = "zh", "zh.safetensors"  # the base model that comes with lyricgen
_OPTIMIZER, _STATE, _TEXT = "optimizer.", "state", "text."
MOMENTS = ("mean", "variance")  # of Adam
_GONE = {"unknown_rate": 0.5, "reset_rate": 0.02}  # options of format 4 and the values that they always have now
_COUNTED_AGAIN = 500_000  # characters whose n-grams are faster counted than worth their place in a file

_COUNT, _SUM = Bounds(0, 2**63 - 1), Bounds(low=0.0)


@dataclasses.dataclass(frozen=True)
class Subtotal(Checked):
    """Sums over the minibatches of an unfinished epoch."""

    is_whole = True
    steps: int = field(int, 0, bounds=_COUNT)
    characters: int = field(int, 0, bounds=_COUNT)
    nats: float = field(float, 0.0, bounds=_SUM)
    norms: float = field(float, 0.0, bounds=_SUM)
    seconds: float = field(float, 0.0, bounds=_SUM)
    clipped: int = field(int, 0, bounds=_COUNT)

    def plus(self, characters: int, nats: float, norm: float, seconds: float, *, clipped: bool) -> Subtotal:
        """Return the sums with those of one more minibatch."""
        return Subtotal(
            self.steps + 1,
            self.characters + characters,
            self.nats + nats,
            self.norms + norm,
            self.seconds + seconds,
            self.clipped + clipped,
        )


@dataclasses.dataclass(frozen=True)
class Progress(Checked):
    """How far a training has come; perplexities are null until there is one.

    ``score`` is what ``best`` is chosen by: the validation perplexity, or the training one without a validation part.
    ``part`` is of the epoch after ``epoch``, where that was interrupted.
    """

    is_whole = True
    epoch: int = field(int, 0, bounds=_COUNT)
    step: int = field(int, 0, bounds=_COUNT)
    train_perplexity: float | None = field(float, None, bounds=_SUM)
    valid_perplexity: float | None = field(float, None, bounds=_SUM)
    best_epoch: int = field(int, 0, bounds=_COUNT)
    best_score: float | None = field(float, None, bounds=_SUM)
    part: Subtotal | None = field(Subtotal, None)

    @property
    def score(self) -> float | None:
        return self.train_perplexity if self.valid_perplexity is None else self.valid_perplexity


@dataclasses.dataclass(frozen=True)
class TrainedOn(Checked):
    """A text that a model was trained on."""

    is_whole = True
    name: str = field(str)
    characters: int = field(int, bounds=_COUNT)


@dataclasses.dataclass(frozen=True)
class Counted:
    """The n-gram model beside a network: its share of the mixture, and its tensors.

    Without tensors it is counted from the training text when it is needed.
    """

    share: float
    tensors: Parameters | None = None


@dataclasses.dataclass(frozen=True)
class _Metadata(Checked):
    """The JSON value of a checkpoint."""

    model: dict[str, Any] = field(dict)
    train: dict[str, Any] = field(dict)
    progress: Progress = field(Progress)
    vocabulary: str = field(str)
    newlines: str = field(str, choices=("keep", "space"))
    dataset: str = field(str)
    unseen: str = field(str)
    read: list[Any] = field(list)
    ngram_share: float | None = field(float, None, bounds=Bounds(0.0, 1.0))


NOT_BEGUN = Progress()


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Everything that is stored of a model. ``optimizer`` is empty in ``best``, which is for writing only."""

    model: ModelConfig
    train: TrainConfig
    vocabulary: Vocabulary
    parameters: Parameters
    progress: Progress
    newlines: str
    dataset: str
    optimizer: Mapping[str, Floats] = dataclasses.field(default_factory=dict)
    state: Floats | None = None  # (L, S, N, H) to go on with in an epoch that was interrupted
    text: Parts | None = None  # what it was trained on and what was held out, unless it was not to be kept
    read: tuple[TrainedOn, ...] = ()  # all that it was trained on, that of its base first
    counted: Counted | None = None  # beside a network
    is_outdated: bool = False  # trained with an option that is gone, so that it cannot be resumed

    def decoder(self) -> Decoder:
        """Return the whole model, ready to write and to score."""
        models = [self.main_model(), *self.ngrams_beside()]
        return models[0] if len(models) == 1 else Mixture(models, self.shares[None], len(self.vocabulary))

    def main_model(self) -> Decoder:
        """Return the network, or the n-gram model without one."""
        if self.model.cell == "ngram":
            return NGram(self.parameters, self.model.order, len(self.vocabulary))
        return Recurrent(self.model, self.parameters)

    def ngrams_beside(self) -> list[NGram]:
        """Return the n-gram model beside the network, if there is one."""
        if self.counted is None:
            return []
        order, size, tensors = self.model.order, len(self.vocabulary), self.counted.tensors
        if tensors is None:
            assert self.text is not None
            tensors = ngram.estimate(self.text.ids("train"), order, size)
        return [NGram(tensors, order, size)]

    @property
    def shares(self) -> Weights:
        """The shares of the main model and of the n-grams beside it, (1,) or (2,)."""
        return np.array([1.0] if self.counted is None else [1 - self.counted.share, self.counted.share])

    @property
    def _counts_again(self) -> bool:
        """Whether the n-grams beside it can soon be counted again from the text in the same file."""
        return self.text is not None and len(self.read) == 1 and len(self.text.stored["train"]) <= _COUNTED_AGAIN

    @property
    def can_resume(self) -> bool:
        """Whether a training can go on from here: Adam needs its moments, a part of an epoch the state."""
        if self.is_outdated or self.model.cell == "ngram" or (self.progress.part and self.state is None):
            return False
        return self.train.optimizer == "sgd" or bool(self.optimizer)

    def save(self, path: Path, *, obsolete: Sequence[Path] = (), half: bool = False) -> None:
        """Write the checkpoint (``half``: its weights in half precision) and remove the ``obsolete`` files.

        Raises
        ------
        DivergenceError, FileError
            A number is not finite, or the file cannot be written. An existing file stays.
        """
        if not self.is_sound:
            raise DivergenceError("the weights are not finite")
        metadata = {
            "lyricgen_version": __version__,
            "model": dataclasses.asdict(self.model),
            "train": dataclasses.asdict(self.train),
            "progress": dataclasses.asdict(self.progress),
            "vocabulary": self.vocabulary.characters,
            "unseen": self.text.unseen if self.text else "",
            "newlines": self.newlines,
            "dataset": self.dataset,
            "read": [dataclasses.asdict(text_read) for text_read in self.read],
            "ngram_share": self.counted.share if self.counted else None,
        }
        optimizer = {_OPTIMIZER + name: array for name, array in self.optimizer.items()}
        state = {} if self.state is None else {_STATE: self.state}
        text = {} if self.text is None else {_TEXT + name: ids for name, ids in self.text.tensors.items()}
        counted = self.counted.tensors if self.counted and not self._counts_again else None
        weights = dict(self.parameters)
        if half:
            weights = {name: tensor.astype(np.float16) for name, tensor in weights.items()}
        tensors = {**weights, **(counted or {}), **optimizer, **state, **text}
        storage.write(path, KIND, metadata, tensors, obsolete=obsolete)

    @property
    def is_sound(self) -> bool:
        """Whether all numbers are finite, and the weights small enough for a network to compute with."""
        others = [*self.optimizer.values(), *([] if self.state is None else [self.state])]
        weights = [] if self.model.cell == "ngram" else self.parameters.values()
        return are_sound(weights) and all(bool(np.isfinite(array).all()) for array in others)


def fresh(
    dataset: Dataset,
    model: ModelConfig,
    train: TrainConfig,
    parameters: Parameters,
    progress: Progress = NOT_BEGUN,
    *,
    base: Checkpoint | None = None,
) -> Checkpoint:
    """Make the first checkpoint of a model of a dataset; its list of texts begins with those of the ``base``."""
    name = ", ".join(dataset.sources) or corpus.SAMPLE
    read = (*(base.read if base else ()), TrainedOn(name, len(dataset.train)))
    return Checkpoint(
        read=read,
        model=model,
        train=train,
        vocabulary=dataset.vocabulary,
        parameters=parameters,
        progress=progress,
        newlines=dataset.config.newlines,
        dataset=dataset.fingerprint,
        text=dataset.parts if train.keep_text else None,
    )


def locate(path: Path) -> Path:
    """Return the file that ``path`` means: itself, a folder's best checkpoint, or the shipped base model.

    An existing file or folder with the name of the shipped model is used instead of it.
    """
    if str(path) == SHIPPED and files.status(path) is None:
        return files.shipped(SHIPPED_FILE)
    if files.is_folder(path):
        path = path / BEST
    if files.status(path) is None:
        raise FileError(
            f"{path}: no checkpoint there; `lyricgen train` makes one, -c names another ({SHIPPED} comes with lyricgen)"
        )
    return path


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; FileError when it is missing, damaged, of another kind or from a newer lyricgen."""
    path = locate(path)
    stored = storage.read(path, KIND)
    try:
        return _assemble(stored)
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, UnicodeError) as error:
        raise FileError(f"{path}: is a damaged checkpoint ({type(error).__name__}: {error})") from error


def training_options(path: Path) -> TrainConfig:
    """Read only the training options of a checkpoint; FileError as for ``load``."""
    stored = storage.metadata_of(path, KIND)
    try:
        return from_json(TrainConfig, _known(from_json(_Metadata, stored, lenient=True).train))
    except FileError as error:
        raise FileError(f"{path}: {error}") from error


def _assemble(stored: storage.Stored) -> Checkpoint:
    metadata = from_json(_Metadata, stored.metadata, lenient=True)
    text = _pop_text(stored.tensors)
    tensors = {name: _widened(tensor) for name, tensor in stored.tensors.items()}
    optimizer = {name[len(_OPTIMIZER) :]: tensors.pop(name) for name in list(tensors) if name.startswith(_OPTIMIZER)}
    state = tensors.pop(_STATE, None)
    model, vocabulary = from_json(ModelConfig, metadata.model), Vocabulary.stored(metadata.vocabulary)
    counted = _pop_counted(tensors, metadata.ngram_share, model, len(vocabulary))
    if counted and not (counted.tensors or text):
        raise FileError("is a damaged checkpoint: its n-grams are missing")
    if model.cell == "ngram":
        if model.bidirectional:
            raise FileError("is a damaged checkpoint: no n-gram model is bidirectional")
        ngram.levels_of(tensors, model.order, len(vocabulary))
    else:
        _check_tensors(tensors, parameter_shapes(model, len(vocabulary)))
    checkpoint = Checkpoint(
        model=model,
        train=from_json(TrainConfig, _known(metadata.train)),
        vocabulary=vocabulary,
        parameters=tensors,
        progress=metadata.progress,
        newlines=metadata.newlines,
        dataset=metadata.dataset,
        optimizer=optimizer,
        state=state,
        text=check_parts(vocabulary, metadata.unseen, text) if text else None,
        read=tuple(from_json(TrainedOn, text) for text in metadata.read),
        counted=counted,
        is_outdated=_is_outdated(metadata),
    )
    _check_training(checkpoint)
    return checkpoint


def _widened(tensor: Any) -> Any:
    """Copy a tensor; half precision becomes single precision."""
    return np.array(tensor, np.float32 if tensor.dtype == np.float16 else None)


def _pop_counted(tensors: dict[str, Any], share: float | None, model: ModelConfig, size: int) -> Counted | None:
    """Take the n-grams beside a network out of the tensors."""
    if share is None:
        return None
    if model.cell == "ngram" or model.bidirectional:
        raise FileError("is a damaged checkpoint: no model of its kind has n-grams beside it")
    levels = {name: tensors.pop(name) for name in list(tensors) if name.startswith(ngram.PREFIX)}
    if levels:
        ngram.levels_of(levels, model.order, size)
    return Counted(share, levels or None)


def _pop_text(tensors: dict[str, Any]) -> dict[str, Any]:
    """Take the parts of the text, which stay on disk until read, out of the tensors; none if not kept."""
    return {name[len(_TEXT) :]: tensors.pop(name) for name in list(tensors) if name.startswith(_TEXT)}


def _is_outdated(metadata: _Metadata) -> bool:
    """Return whether a removed option had another value than it always has now: 0 if nothing is held out."""
    holds_out = metadata.progress.valid_perplexity is not None
    now = {name: usual if holds_out else 0.0 for name, usual in _GONE.items()}
    return any(metadata.train.get(name, value) != value for name, value in now.items())


def _known(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training options of a file, without those of format 4 that were removed."""
    return {name: value for name, value in train.items() if name not in _GONE}


def _check_training(checkpoint: Checkpoint) -> None:
    """Check the moments (as large as the parameters), the state (of the network's shape), and that all are finite."""
    model, optimizer, state = checkpoint.model, checkpoint.optimizer, checkpoint.state
    if model.cell == "ngram":
        if optimizer or state is not None:
            raise FileError("is a damaged checkpoint: it has tensors that no model of its kind has")
        return
    if optimizer:
        count = sum(tensor.size for tensor in checkpoint.parameters.values())
        names = MOMENTS if checkpoint.train.optimizer == "adam" else ()
        _check_tensors(optimizer, dict.fromkeys(names, (count,)))
    if state is not None:
        rows = state.shape[2] if state.ndim == 4 else 0
        _check_tensors({_STATE: state}, {_STATE: (model.layers, STATES[model.cell], max(rows, 1), model.hidden)})
    if not checkpoint.is_sound:
        raise FileError("is a damaged checkpoint: it has numbers that are not finite, or far too large")


def _check_tensors(tensors: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        if name not in tensors or tensors[name].shape != shape or tensors[name].dtype != np.float32:
            raise FileError(f"is a damaged checkpoint: its tensor {name} is missing or of another shape or type")
    if len(tensors) != len(shapes):
        raise FileError("is a damaged checkpoint: it has tensors that no model of its kind has")
