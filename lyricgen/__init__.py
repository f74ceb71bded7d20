"""Learn a character-level recurrent language model from lyrics, and write new ones."""

__version__ = "0.1.0"

from lyricgen import threads

threads.name_kernels()
