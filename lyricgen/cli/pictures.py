"""``plot --gradients`` and ``plot --context``: figures of several models -> one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from lyricgen.cli import pyplot
from lyricgen.inspection.context import Context
from lyricgen.inspection.gradients import Gradients
from lyricgen.text.corpus import shown

_TICKS = (1, 2, 5, 10, 20, 50, 100)


def draw_gradients(networks: Sequence[Gradients], file: IO[bytes], kind: str) -> None:
    """Draw the norm of the gradient k characters back (above) and the share within k characters (below)."""
    plt = pyplot.open_pyplot()
    figure, (norms, shares) = plt.subplots(2, sharex=True, figsize=(8, 7), layout="constrained")
    colours = {name: f"C{number}" for number, name in enumerate(dict.fromkeys(network.run for network in networks))}
    for network in networks:
        style = {"color": colours[network.run], "linestyle": "-" if network.scale == 1 else "--"}
        norms.plot(network.norms, label=shown(network.name), **style)
        shares.plot(network.shares.cumsum(), **style)
    norms.set(ylabel="norm of the gradient by the state", title=_predicted(networks))
    pyplot.use_log(norms)
    norms.legend()
    shares.set(ylabel="share of the gradient within", xlabel="characters back", ylim=(-0.02, 1.02))
    shares.yaxis.set_major_formatter("{x:.0%}")
    for axes in (norms, shares):
        axes.grid(alpha=0.3)
    pyplot.save(figure, file, kind)


def draw_context(contexts: Sequence[Context], file: IO[bytes], kind: str) -> None:
    """Draw perplexity by the characters that are seen: networks as lines, the n-grams of the same text dashed."""
    plt = pyplot.open_pyplot()
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    drawn: list[Mapping[int, float]] = []
    for context in contexts:
        (line,) = axes.plot(*_points(context.network), label=shown(context.run))
        if context.ngrams and context.ngrams not in drawn:  # several models of one text have the same
            drawn.append(context.ngrams)
            colour = "0.4" if len(contexts) > 1 and len(drawn) == 1 else line.get_color()
            axes.plot(*_points(context.ngrams), color=colour, linestyle="--", marker=".", label=_label(context, drawn))
    axes.set(xlabel="characters seen", ylabel="perplexity", xscale="log", title=_predicted(contexts))
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS])
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)
    axes.legend()
    pyplot.save(figure, file, kind)


def _points(perplexities: Mapping[int, float]) -> tuple[list[int], list[float]]:
    return list(perplexities), list(perplexities.values())


def _label(context: Context, drawn: Sequence[Any]) -> str:
    return "n-grams" if len(drawn) == 1 else f"n-grams of {shown(context.run)}"


def _predicted(measured: Sequence[Gradients] | Sequence[Context]) -> str:
    return f"{measured[0].predicted:,} predicted characters of one held-out text"
