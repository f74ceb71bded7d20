"""``lyricgen export``: a checkpoint -> a file for another framework."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "-c", "--checkpoint", "path", type=click.Path(path_type=Path), default=Path("checkpoints"),
    show_default="checkpoints", help="A checkpoint, or a folder's best one.",
)  # fmt: skip
@click.option(
    "--format", "kind", type=click.Choice(["onnx", "torch"]), default="onnx", show_default=True,
    help="A graph of one step, or tensors by the names of torch.nn.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write. [default: model.onnx, model.safetensors]"
)
@click.option("-f", "--force", is_flag=True, help="Replace an existing file.")
def export(path: Path, kind: str, output: Path | None, force: bool) -> None:
    """Write a model for another framework, with its vocabulary and options in the file's metadata.

    onnx: (ids, state) -> (logits, state), a character a step, for every cell. torch: a safetensors file that loads into
    torch.nn.Embedding, RNN, GRU or LSTM, and Linear. Prints the file's path.
    """
    from lyricgen import storage
    from lyricgen.model import checkpoint as checkpoints
    from lyricgen.model import export as exports

    checkpoint = checkpoints.load(path)
    target = output or Path("model" + exports.FORMATS[kind])
    storage.check_new(target, force=force)
    write = {"onnx": exports.write_onnx, "torch": exports.write_torch}[kind]
    with storage.replacing(target) as part:
        write(checkpoint, part)
    click.echo(str(target))
