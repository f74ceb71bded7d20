"""One self-describing file: parameters, configuration, vocabulary, progress and optimizer state."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import __version__, storage
from lyricgen.config import ModelConfig, TrainConfig, from_json
from lyricgen.errors import FileError
from lyricgen.model import ngram
from lyricgen.model.ngram import NGram
from lyricgen.model.parameters import Floats, Parameters, parameter_shapes
from lyricgen.model.recurrent import Recurrent
from lyricgen.text.dataset import Dataset
from lyricgen.text.parts import NAMES, Parts, check_parts
from lyricgen.text.vocabulary import Vocabulary

KIND = "checkpoint"
BEST, LAST, LOG = "best.safetensors", "last.safetensors", "log.jsonl"
DEFAULT_FOLDER = "checkpoints"
_OPTIMIZER, _STATE, _TEXT = "optimizer.", "state", "text."
_OLD_TEXT = "index"  # the training part, in format 3


@dataclasses.dataclass(frozen=True)
class Part:
    """What the steps of an unfinished epoch have given so far: sums over ``steps`` minibatches."""

    steps: int = 0
    characters: int = 0
    nats: float = 0.0
    norms: float = 0.0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a training has come; perplexities are null until there is one.

    ``score`` is what ``best`` is chosen by: the validation perplexity, or the training one without a validation part.
    ``part`` is of the epoch after ``epoch``, where that was interrupted.
    """

    epoch: int = 0
    step: int = 0
    train_perplexity: float | None = None
    valid_perplexity: float | None = None
    best_epoch: int = 0
    best_score: float | None = None
    part: Part | None = None

    @property
    def score(self) -> float | None:
        return self.train_perplexity if self.valid_perplexity is None else self.valid_perplexity


NOT_BEGUN = Progress()


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """All that is known of a model. ``optimizer`` is empty in ``best``, which is for writing only."""

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

    def decoder(self) -> Recurrent | NGram:
        """The model, ready to write and to score."""
        if self.model.cell == "ngram":
            return NGram(self.parameters, self.model.order, len(self.vocabulary))
        return Recurrent(self.model, self.parameters)

    @property
    def can_resume(self) -> bool:
        """Whether a training can go on from here: Adam needs its moments, a part of an epoch the state."""
        if self.model.cell == "ngram" or (self.progress.part and self.state is None):
            return False
        return self.train.optimizer == "sgd" or bool(self.optimizer)

    def save(self, path: Path) -> None:
        metadata = {
            "lyricgen_version": __version__,
            "model": dataclasses.asdict(self.model),
            "train": dataclasses.asdict(self.train),
            "progress": dataclasses.asdict(self.progress),
            "vocabulary": self.vocabulary.characters,
            "unseen": self.text.unseen if self.text else "",
            "newlines": self.newlines,
            "dataset": self.dataset,
        }
        optimizer = {_OPTIMIZER + name: array for name, array in self.optimizer.items()}
        state = {} if self.state is None else {_STATE: self.state}
        text = {} if self.text is None else {_TEXT + name: ids for name, ids in self.text.stored.items()}
        storage.write(path, KIND, metadata, {**self.parameters, **optimizer, **state, **text})


def fresh(
    dataset: Dataset, model: ModelConfig, train: TrainConfig, parameters: Parameters, progress: Progress = NOT_BEGUN
) -> Checkpoint:
    """The first checkpoint of a model of that dataset."""
    return Checkpoint(
        model=model,
        train=train.resolve_defaults(len(dataset.train), held_out=len(dataset.valid) > 0),
        vocabulary=dataset.vocabulary,
        parameters=parameters,
        progress=progress,
        newlines=dataset.config.newlines,
        dataset=dataset.fingerprint,
        text=dataset.parts if train.keep_text else None,
    )


def locate(path: Path) -> Path:
    """The file meant by ``path``: itself, or the best checkpoint of a folder."""
    if path.is_dir():
        path = path / BEST
    if not path.exists():
        raise FileError(f"{path}: no checkpoint there; `lyricgen train` makes one, -c names another")
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


def _assemble(stored: storage.Stored) -> Checkpoint:
    metadata = stored.metadata
    text = _pop_text(stored.tensors)
    tensors = {name: np.array(tensor) for name, tensor in stored.tensors.items()}
    optimizer = {name[len(_OPTIMIZER) :]: tensors.pop(name) for name in list(tensors) if name.startswith(_OPTIMIZER)}
    state = tensors.pop(_STATE, None)
    model, vocabulary = from_json(ModelConfig, metadata["model"]), Vocabulary.stored(metadata["vocabulary"])
    if model.cell == "ngram":
        ngram.levels_of(tensors, model.order, len(vocabulary))
    else:
        _check_shapes(tensors, parameter_shapes(model, len(vocabulary)))
    return Checkpoint(
        model=model,
        train=from_json(TrainConfig, _renamed(metadata["train"])),
        vocabulary=vocabulary,
        parameters=tensors,
        progress=_progress(metadata["progress"]),
        newlines=metadata["newlines"],
        dataset=metadata["dataset"],
        optimizer=optimizer,
        state=state,
        text=check_parts(vocabulary, metadata.get("unseen", ""), text) if text else None,
    )


def _pop_text(tensors: dict[str, Any]) -> dict[str, Any]:
    """The parts of the text, which stay on disk until they are read; none if they were not kept."""
    if _OLD_TEXT in tensors:
        train = tensors.pop(_OLD_TEXT)
        return {**dict.fromkeys(NAMES, train[:0]), "train": train}
    return {name: tensors.pop(_TEXT + name) for name in NAMES if _TEXT + name in tensors}


def _renamed(train: Mapping[str, Any]) -> dict[str, Any]:
    """The training options of a file of any format: ``keep_text`` was ``index`` in format 3, and not there in 2."""
    values = dict(train)
    if "index" in values:
        values["keep_text"] = values.pop("index")
    return values


def _progress(values: Mapping[str, Any]) -> Progress:
    part = values["part"]
    return Progress(**{**values, "part": part and Part(**part)})


def _check_shapes(tensors: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        if name not in tensors or tensors[name].shape != shape or tensors[name].dtype != np.float32:
            raise FileError(f"is a damaged checkpoint: its tensor {name} is missing or of another shape or type")
    if len(tensors) != len(shapes):
        raise FileError("is a damaged checkpoint: it has tensors that no model of its kind has")
