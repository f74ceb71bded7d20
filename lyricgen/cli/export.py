"""``lyricgen export``: a checkpoint -> a file for another framework."""

from __future__ import annotations

from pathlib import Path

import click

from lyricgen import api
from lyricgen.cli.models import checkpoint_option
from lyricgen.cli.options import PATH, command, option, put
from lyricgen.model.checkpoint import DEFAULT_FOLDER
from lyricgen.model.export import FORMATS


@command("export")
@checkpoint_option
@option(
    "--format",
    type=click.Choice(list(FORMATS)),
    default="onnx",
    show_default=True,
    help="A graph of one step, or tensors by the names of torch.nn.",
)
@option("-o", "--output", type=PATH, help="File to write. [default: model.onnx, model.safetensors]")
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
def export(checkpoint: Path | None, format: str, output: Path | None, force: bool) -> None:
    """Write a model for another framework, with its vocabulary and options in the file's metadata.

    onnx: (ids, state) -> (logits, state), a character a step, for every cell. torch: a safetensors file that loads into
    torch.nn.Embedding, RNN, GRU or LSTM, and Linear. Only the network is written, not the n-grams beside it. Prints the
    file's path.
    """
    target = output or Path("model" + FORMATS[format])
    api.load(checkpoint or DEFAULT_FOLDER).export(target, format=format, force=force)
    put(str(target))
