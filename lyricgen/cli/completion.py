"""``lyricgen completion``: the script with which a shell completes commands, options and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
        bash   eval "$(lyricgen completion bash)"       in ~/.bashrc
        zsh    eval "$(lyricgen completion zsh)"        in ~/.zshrc, after compinit
        fish   lyricgen completion fish | source        in ~/.config/fish/config.fish
    """
    from lyricgen.cli import commands

    maker = get_completion_class(shell)
    assert maker is not None
    click.echo(maker(commands, {}, "lyricgen", "_LYRICGEN_COMPLETE").source())
