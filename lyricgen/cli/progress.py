"""What a training shows as it goes: an introduction, a bar on a terminal or a line an epoch elsewhere, previews."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyricgen import files, threads
from lyricgen.cli.options import say, show, show_number
from lyricgen.config import SMALL, SampleConfig
from lyricgen.errors import FileError, MissingError, describe

if TYPE_CHECKING:
    from lyricgen.api import Training
    from lyricgen.engine.run import Event
    from lyricgen.engine.training import Step
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.dataset import Dataset

_PREVIEW = SampleConfig(length=50)
_KNOWN = 0.9  # share of a text's characters that a base of its language knows
_BAR = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}, {rate_fmt}{postfix}"  # 80 columns hold the norm, too
_PACED = 1.0  # seconds after which a training tells how long it will take


def announce(name: str, data: Dataset) -> None:
    """Say what there is to learn from."""
    from lyricgen.text.corpus import EMBEDDED
    from lyricgen.text.vocabulary import UNKNOWN, count_ids

    say(f"dataset     {name}{' (no dataset.safetensors here)' if name == EMBEDDED else ''}")
    for note in data.notes:
        say(note)
    held = f", {len(data.valid):,} held out" if len(data.valid) else ""
    counts = count_ids(data.train, len(data.vocabulary))  # with a base, the vocabulary holds others, too
    say(f"text        {len(data.train):,} characters{held}, {sum(counts[UNKNOWN + 1 :] > 0):,} different ones")
    warn_of_untrained(data)


def warn_of_untrained(data: Dataset) -> None:
    """Name the sources of which nothing is left to learn from."""
    for source in data.untrained:
        say(f"Warning: all of {source} is held out; nothing of it is trained on (--split songs takes a part of each)")


def say_read(checkpoint: Checkpoint, new: int | None = None) -> None:
    """What a model had read before its own text, and how many characters of that are new to it."""
    if len(checkpoint.read) > 1:
        shown = ", ".join(f"{each.characters:,} characters of {each.name}" for each in checkpoint.read[:-1])
        grown = "" if new is None else f"; {new:,} characters are new to it"
        say(f"base        has read {shown}{grown}")


def _advise_base(data: Dataset, cell: str) -> None:
    """Name the base model that comes with the program, where a text is small and of its language, and the cell its."""
    from lyricgen.model.checkpoint import SHIPPED, SHIPPED_FILE, load
    from lyricgen.text.vocabulary import UNKNOWN

    if len(data.train) > SMALL:
        return
    base = load(files.shipped(SHIPPED_FILE))
    known = data.vocabulary.ids_in(base.vocabulary)[data.train] != UNKNOWN
    if known.mean() >= _KNOWN and cell == base.model.cell:
        read = sum(each.characters for each in base.read)
        say(f"advice      --base {SHIPPED} begins with a model that has read {read:,} characters, for small texts")


def introduce(training: Training) -> None:
    """Say what is about to be trained, on what."""
    from lyricgen.text.batches import fit
    from lyricgen.text.corpus import EMBEDDED

    start, data = training.start, training.dataset
    announce(training.name, data)
    say_read(start, training.new)
    model, count = start.model, sum(tensor.size for tensor in start.parameters.values())
    cell = f"gru (reset {model.gru_reset})" if model.cell == "gru" else model.cell
    cell = f"bidirectional {cell}" if model.bidirectional else cell
    beside = f" + {model.order}-grams" if start.counted else ""
    shape = f"{model.layers} × {model.hidden}, {count:,} parameters"
    say(f"model       {cell}, {shape}, dropout {start.train.dropout}{beside}")
    say(f"engine      {training.engine}")
    say(f"threads     {threads.limit_unless_set()}")
    size, steps = fit(len(data.train), batch_size=start.train.batch_size, steps=start.train.steps)
    if (size, steps) != (start.train.batch_size, start.train.steps):
        asked = f"{start.train.batch_size} × {start.train.steps}"
        say(f"minibatch   {size} × {steps} characters: the text is too short for {asked}")
    part = start.progress.part
    if len(start.read) == 1 and not (start.progress.step or model.bidirectional) and training.name != EMBEDDED:
        _advise_base(data, model.cell)
    if start.progress.epoch or part:
        within = f", {part.steps:,} steps into the next" if part else ""
        say(f"resuming    after epoch {start.progress.epoch} of {start.train.epochs}{within}")


def follow(events: Iterable[Event], start: Checkpoint, characters: int, prefixes: Sequence[str], every: int) -> None:
    """Show the events of a training on so many characters as they come."""
    from tqdm import tqdm

    from lyricgen.engine.run import Epoch

    an_epoch, done = characters - 1, start.progress.epoch
    begun = start.progress.part.characters if start.progress.part else 0
    final, pace = start.progress, _Pace(an_epoch * (start.train.epochs - done) - begun)
    norms, before = _Norms(start), list[str]()
    with tqdm(
        total=an_epoch * max(start.train.epochs, done), initial=an_epoch * done + begun, unit="char", unit_scale=True,
        disable=None, dynamic_ncols=True, file=sys.stderr, smoothing=0.1, bar_format=_BAR,
    ) as bar:  # fmt: skip
        for event in events:
            if not isinstance(event, Epoch):
                warning = norms.add(event)
                if warning:
                    _write_line(bar, warning)
                if not bar.disable:
                    bar.set_postfix_str(", ".join([*before, *norms.words()]), refresh=False)
                bar.update(event.characters)
                told = pace.tell(event.characters) if bar.disable else ""
                if told:
                    say(f"time        {told}")
                continue
            final = event.checkpoint.progress
            norms.begin_epoch()
            before = _perplexities(event.record)
            bar.update(an_epoch * final.epoch - bar.n)
            bar.set_postfix_str(scores(event.record), refresh=False)
            shown = final.epoch % every == 0 or event.is_last
            if bar.disable or (shown and prefixes):
                _write_line(bar, f"epoch {final.epoch}: {scores(event.record)}, {event.record['seconds']:.2f} s")
            for prefix in prefixes if shown else ():
                _write_line(bar, f" - {preview_line(event.checkpoint, prefix)}")
    if final.best_score is not None:
        kind = "validation" if final.valid_perplexity is not None else "training"
        say(f"best        epoch {final.best_epoch}, {kind} perplexity {show_number(final.best_score)}")


class _Pace:
    """How long a training of so many characters will take, told once after its first steps."""

    def __init__(self, characters: int) -> None:
        self._whole, self._read, self._begun, self._is_told = characters, 0, math.nan, False

    def tell(self, characters: int) -> str:
        """After a step of so many characters; empty while there is nothing to tell, or it is told."""
        now = time.perf_counter()
        if math.isnan(self._begun):  # the first step takes longer
            self._begun = now
            return ""
        self._read += characters
        seconds = now - self._begun
        if self._is_told or seconds < _PACED:
            return ""
        self._is_told, whole = True, seconds * self._whole / self._read
        return f"about {whole:.0f} s" if whole < 100 else f"about {whole / 60:.0f} min"


class _Norms:
    """The norms of a training's gradients: their mean in an epoch so far, and a warning of the first that explodes."""

    def __init__(self, start: Checkpoint) -> None:
        from lyricgen.engine.explosion import Explosion
        from lyricgen.engine.training import cure
        from lyricgen.model.checkpoint import Part

        part = start.progress.part or Part()
        self._cure, self._epoch = cure(start.train), start.progress.epoch + 1
        self._steps, self._sum, self._clipped = part.steps, part.norms, part.clipped
        self._explosion = None if start.train.clip else Explosion()

    def begin_epoch(self) -> None:
        """After the last step of one."""
        self._epoch += 1
        self._steps, self._sum, self._clipped = 0, 0.0, 0

    def add(self, step: Step) -> str:
        """The warning, once; else nothing."""
        self._steps += 1
        self._sum += step.gradient_norm
        self._clipped += step.is_clipped
        loss = step.loss_sum / step.characters
        ratio = self._explosion.ratio(step.gradient_norm, loss) if self._explosion else 0.0
        if not ratio:
            return ""
        self._explosion = None
        place = f"epoch {self._epoch}, step {self._steps}"
        found = f"the gradient's norm is {step.gradient_norm:.2g} in {place}, {ratio:,.0f} times the usual one"
        return f"Warning: {found}: it explodes; {self._cure}"

    def words(self) -> list[str]:
        """Those of the epoch so far."""
        return _norm_words(self._sum / self._steps, self._clipped / self._steps)


def _write_line(bar: Any, words: str) -> None:
    if bar.disable:
        say(words)
    else:
        bar.write(words, file=sys.stderr)


def scores(record: Mapping[str, Any]) -> str:
    """The perplexities and the gradient's norm of a line of the log."""
    norm = record["gradient_norm"]
    return ", ".join(_perplexities(record) + ([] if norm is None else _norm_words(norm, record["clipped"])))


def _perplexities(record: Mapping[str, Any]) -> list[str]:
    train, valid = record["train_perplexity"], record["valid_perplexity"]
    return [f"perplexity {show_number(train)}"] + ([] if valid is None else [f"validation {show_number(valid)}"])


def _norm_words(norm: float, clipped: float) -> list[str]:
    """A mean norm, and the share of the steps clipped where it is no 0 percent."""
    share = f"{clipped:.0%}"
    return [f"norm {show_number(norm)}"] + ([] if share == "0%" else [f"{share} clipped"])


def preview_line(checkpoint: Checkpoint, prefix: str) -> str:
    """A short text from a prefix, on one line."""
    from lyricgen.writing.generation import write_songs

    seed = checkpoint.train.seed
    return show(next(write_songs(checkpoint.decoder(), checkpoint.vocabulary, prefix, _PREVIEW, seed=seed, samples=1)))


def open_board(folder: Path) -> Any:
    """A writer of TensorBoard's files; FileError or MissingError if there can be none."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise MissingError('tensorboardX is not installed: pip install "tensorboardX>=2.6"') from None
    if files.status(folder) and not files.is_folder(folder):
        raise FileError(f"{folder}: is a file; name a folder with --tensorboard")
    try:
        return SummaryWriter(str(folder))
    except OSError as error:
        raise FileError(f"{folder}: cannot be written: {describe(error)}") from error


def written(events: Iterable[Event], board: Any) -> Iterator[Event]:
    """The same events; each epoch's figures go to TensorBoard's file as well."""
    from lyricgen.engine.run import Epoch

    with board:
        for event in events:
            if isinstance(event, Epoch):
                for name, value in event.record.items():
                    if name != "epoch" and value is not None:
                        board.add_scalar(name, value, event.record["epoch"])
                board.flush()
            yield event
