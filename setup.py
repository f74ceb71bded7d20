"""Everything stands in setup.cfg, but for where the list of what a source distribution leaves out is."""

from setuptools import setup
from setuptools.command.egg_info import manifest_maker

manifest_maker.template = ".manifest.in"
setup()
