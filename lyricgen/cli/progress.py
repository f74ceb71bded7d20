"""The output of a running training: an introduction, a bar on a terminal or a line per epoch elsewhere, previews."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence

from tqdm import tqdm

from lyricgen.cli.options import say, show
from lyricgen.cli.prepare import warn_of_untrained
from lyricgen.config import NO_BASE, SampleConfig
from lyricgen.engine.explosion import Explosion
from lyricgen.engine.loop import Epoch, finished
from lyricgen.engine.start import Training
from lyricgen.engine.training import Step, cure
from lyricgen.model.checkpoint import SHIPPED, Checkpoint, Subtotal
from lyricgen.model.log import Record
from lyricgen.model.scoring import show_number
from lyricgen.system import signals, threads
from lyricgen.text.batches import fit
from lyricgen.text.dataset import Dataset
from lyricgen.text.vocabulary import UNKNOWN, count_ids
from lyricgen.writing.generation import write_songs

_PREVIEW = SampleConfig(length=50, temperature=0.5, drafts=1)
_BAR = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}, {rate_fmt}{postfix}"  # 80 columns hold the norm, too
_PACED = 1.0  # seconds after which a training tells how long it will take


def follow(training: Training, name: str, prefixes: Sequence[str], every: int) -> int:
    """Introduce a training on the dataset of that name, run it, and show it as it goes.

    Returns the number of the signal that ended it; 0 if it came to its end.
    """
    _introduce_text(name, training.dataset)
    _say_base(training)
    if training.start is None:
        _follow_counting(training, prefixes)
        return 0
    _introduce(training, training.start)
    display = _Display(training.start, len(training.dataset.train), prefixes, every)
    with signals.caught() as caught:
        display.run(training.epochs(display.show_step, stopped=lambda: bool(caught)))
    return caught[0] if caught else 0


def _introduce_text(name: str, data: Dataset) -> None:
    say(f"dataset     {name}")
    for note in data.notes:
        say(note)
    held = f", {len(data.valid):,} held out" if len(data.valid) else ""
    counts = count_ids(data.train, len(data.vocabulary))  # with a base, the vocabulary holds others, too
    say(f"text        {len(data.train):,} characters{held}, {sum(counts[UNKNOWN + 1 :] > 0):,} different ones")
    warn_of_untrained(data)


def _say_base(training: Training) -> None:
    """Say what a base has read, and how many characters of the text are new to it."""
    start = training.start
    if start is not None and len(start.read) > 1:
        shown = ", ".join(f"{text.characters:,} characters of {text.name}" for text in start.read[:-1])
        grown = "" if training.new is None else f"; {training.new:,} characters are new to it"
        chosen = f"{SHIPPED}, " if training.is_base_chosen else ""
        without = f"; --base {NO_BASE} begins without it" if training.is_base_chosen and grown else ""
        say(f"base        {chosen}has read {shown}{grown}{without}")


def _introduce(training: Training, start: Checkpoint) -> None:
    """Say what is about to be trained."""
    model, count = start.model, sum(tensor.size for tensor in start.parameters.values())
    cell = f"gru (reset {model.gru_reset})" if model.cell == "gru" else model.cell
    cell = f"bidirectional {cell}" if model.bidirectional else cell
    beside = f" + {model.order}-grams" if start.counted else ""
    shape = f"{model.layers} × {model.hidden}, {count:,} parameters"
    say(f"model       {cell}, {shape}, dropout {start.train.dropout}{beside}")
    say(f"engine      {training.plan.engine.engine}")
    say(f"threads     {threads.limit_unless_set()}")
    size, steps = fit(len(training.dataset.train), batch_size=start.train.batch_size, steps=start.train.steps)
    if (size, steps) != (start.train.batch_size, start.train.steps):
        asked = f"{start.train.batch_size} × {start.train.steps}"
        say(f"minibatch   {size} × {steps} characters: the text is too short for {asked}")
    part = start.progress.part
    if start.progress.epoch or part:
        within = f", {part.steps:,} steps into the next" if part else ""
        say(f"resuming    after epoch {start.progress.epoch} of {start.train.epochs}{within}")


def _follow_counting(training: Training, prefixes: Sequence[str]) -> None:
    """Run the training of an n-gram model, which has one epoch."""
    for epoch in training.epochs():
        checkpoint = epoch.checkpoint
        grams = sum(len(tensor) for name, tensor in checkpoint.parameters.items() if name.endswith(".characters"))
        counted = f"counted in {epoch.record.seconds:.2f} s"
        say(f"model       n-gram of order {checkpoint.model.order}, {grams:,} n-grams, {counted}")
        say(scores(epoch.record))
        for prefix in prefixes:
            say(f" - {preview_line(checkpoint, prefix)}")


class _Display:
    """A bar on a terminal, or a line an epoch elsewhere; previews; the best epoch at the end."""

    def __init__(self, start: Checkpoint, characters: int, prefixes: Sequence[str], every: int) -> None:
        self._start, self._prefixes, self._every = start, prefixes, every
        self._characters = characters - 1  # of an epoch
        begun = start.progress.part.characters if start.progress.part else 0
        done, epochs = start.progress.epoch, start.train.epochs
        self._norms, self._pace = Norms(start), Pace(self._characters * (epochs - done) - begun)
        self._before: list[str] = []  # perplexities of the last epoch
        self._bar = tqdm(
            total=self._characters * max(epochs, done),
            initial=self._characters * done + begun,
            unit="char",
            unit_scale=True,
            disable=None,
            dynamic_ncols=True,
            file=sys.stderr,
            smoothing=0.1,
            bar_format=_BAR,
        )

    def run(self, epochs: Iterator[Epoch]) -> None:
        """Show every epoch of a training."""
        final = self._start.progress
        if finished(final, self._start.train):
            say(f"finished    already, after epoch {final.epoch}; a larger --epochs continues it")
        with self._bar:
            for epoch in epochs:
                self._show_epoch(epoch)
                final = epoch.checkpoint.progress
        if final.best_score is not None:
            kind = "validation" if final.valid_perplexity is not None else "training"
            say(f"best        epoch {final.best_epoch}, {kind} perplexity {show_number(final.best_score)}")

    def show_step(self, step: Step) -> None:
        """Show a step of a training."""
        warning = self._norms.add(step)
        if warning:
            self._write_line(warning)
        if not self._bar.disable:
            self._bar.set_postfix_str(", ".join([*self._before, *self._norms.words()]), refresh=False)
        self._bar.update(step.characters)
        told = self._pace.tell(step.characters) if self._bar.disable else ""
        if told:
            say(f"time        {told}")

    def _show_epoch(self, epoch: Epoch) -> None:
        number = epoch.record.epoch
        self._norms.begin_epoch()
        self._before = _perplexities(epoch.record)
        self._bar.update(self._characters * number - self._bar.n)
        self._bar.set_postfix_str(scores(epoch.record), refresh=False)
        has_preview = bool(self._prefixes) and (number % self._every == 0 or epoch.is_last)
        if self._bar.disable or has_preview:
            self._write_line(f"epoch {number}: {scores(epoch.record)}, {epoch.record.seconds:.2f} s")
        for prefix in self._prefixes if has_preview else ():
            self._write_line(f" - {preview_line(epoch.checkpoint, prefix)}")

    def _write_line(self, line: str) -> None:
        if self._bar.disable:
            say(line)
        else:
            self._bar.write(line, file=sys.stderr)


class Pace:
    """An estimate of how long a training of so many characters will take, told once after its first steps."""

    def __init__(self, characters: int) -> None:
        self._whole, self._read, self._begun, self._is_told = characters, 0, math.nan, False

    def tell(self, characters: int) -> str:
        """Count a step of so many characters; return the estimate once, and else an empty text."""
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


class Norms:
    """The norms of a training's gradients: their mean in an epoch so far, and a warning of the first that explodes."""

    def __init__(self, start: Checkpoint) -> None:
        part = start.progress.part or Subtotal()
        self._cure, self._epoch = cure(start.train), start.progress.epoch + 1
        self._steps, self._sum, self._clipped = part.steps, part.norms, part.clipped
        self._explosion = None if start.train.clip else Explosion()

    def begin_epoch(self) -> None:
        """Start the sums of the next epoch."""
        self._epoch += 1
        self._steps, self._sum, self._clipped = 0, 0.0, 0

    def add(self, step: Step) -> str:
        """Add a step; return the warning once, and else an empty text."""
        self._steps += 1
        self._sum += step.gradient_norm
        self._clipped += step.is_clipped
        loss = step.loss_sum / step.characters
        ratio = self._explosion.ratio(step.gradient_norm, loss) if self._explosion else 0.0
        if not ratio:
            return ""
        self._explosion = None
        moment = f"epoch {self._epoch}, step {self._steps}"
        message = f"the gradient's norm is {step.gradient_norm:.2g} in {moment}, {ratio:,.0f} times the usual one"
        return f"Warning: {message}: it explodes; {self._cure}"

    def words(self) -> list[str]:
        """Return the mean norm and the share clipped, in words, of the epoch so far."""
        return _norm_words(self._sum / self._steps, self._clipped / self._steps)


def scores(record: Record) -> str:
    """Return the perplexities and the gradient's norm of a line of the log, in words."""
    norm = record.gradient_norm
    return ", ".join(_perplexities(record) + ([] if norm is None else _norm_words(norm, record.clipped or 0.0)))


def _perplexities(record: Record) -> list[str]:
    train, valid = record.train_perplexity, record.valid_perplexity
    return [f"perplexity {show_number(train)}"] + ([] if valid is None else [f"validation {show_number(valid)}"])


def _norm_words(norm: float, clipped: float) -> list[str]:
    """Return a mean norm and, if it is not 0 percent, the share of the steps clipped, in words."""
    share = f"{clipped:.0%}"
    return [f"norm {show_number(norm)}"] + ([] if share == "0%" else [f"{share} clipped"])


def preview_line(checkpoint: Checkpoint, prefix: str) -> str:
    """Write a short text from a prefix, on one line."""
    seed = checkpoint.train.seed
    return show(next(write_songs(checkpoint.decoder(), checkpoint.vocabulary, prefix, _PREVIEW, seed=seed, samples=1)))
