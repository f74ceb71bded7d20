"""What setup.cfg cannot say: the corpus belongs to the source distribution, and not to the wheel."""

from __future__ import annotations

from glob import glob

from setuptools import setup
from setuptools.command.sdist import sdist


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, [*files, *sorted(glob("data/lyrics-zh.txt") + glob("data/lyrics/*.txt"))])


setup(cmdclass={"sdist": SourceDistribution})
