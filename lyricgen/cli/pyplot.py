"""Pictures: what all commands that draw with matplotlib share."""

from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path
from typing import IO, Any

from lyricgen.cli.options import say
from lyricgen.errors import MissingError, OptionError

KINDS = (".png", ".svg")
_FONTS = [
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the first of their common file, the only one that matplotlib < 3.11 reads
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "Hiragino Sans GB",
    "Heiti TC",
    "Arial Unicode MS",
]
_DECADES = 100  # largest over smallest value of an axis that is still labelled within the powers of ten


def check_suffix(output: Path) -> None:
    """Raise OptionError for a file name that does not end in that of a kind of picture."""
    if output.suffix not in KINDS:
        raise OptionError(f"-o: {output} ends in neither .png nor .svg")


def open_pyplot() -> Any:
    """Return ``matplotlib.pyplot`` without a window, with fonts for Chinese; MissingError if it is not installed.

    Text is shown as it is: ``$`` does not begin a formula, so that log axes need ``use_log``.
    """
    try:
        import matplotlib
    except ImportError:
        raise MissingError('matplotlib is not installed: pip install "matplotlib>=3.6"') from None
    matplotlib.use("Agg")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    import matplotlib.pyplot as plt

    known = _known_fonts()
    plt.rcParams["text.parse_math"] = False
    plt.rcParams["font.family"] = [font for font in _FONTS if font in known]
    return plt


def _known_fonts() -> set[str]:
    """Return the fonts in matplotlib's cache; without a Chinese one, add those that were installed since."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    if not {font.name for font in manager.ttflist}.intersection(_FONTS[1:]):
        for path in sorted({*font_manager.findSystemFonts()} - {font.fname for font in manager.ttflist}):
            with contextlib.suppress(NotImplementedError, OSError, RuntimeError):  # a font of bitmaps, a damaged one
                manager.addfont(path)
    return {font.name for font in manager.ttflist}


def use_log(axes: Any) -> None:
    """Make the y axis of what was drawn logarithmic, with plain numbers: matplotlib's own labels are formulas."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < _DECADES else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def save(figure: Any, file: IO[bytes], kind: str) -> None:
    """Write a picture of that ``kind`` (``png`` or ``svg``) and close it; a warning names characters without a font."""
    import matplotlib.pyplot as plt

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(file, format=kind, dpi=150)
    plt.close(figure)
    if any("Glyph" in str(warning.message) for warning in caught):
        say("Warning: no font here has all of these characters; a Chinese one is in fonts-noto-cjk (Debian, Ubuntu)")
