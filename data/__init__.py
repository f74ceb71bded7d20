"""The embedded corpus and the base model; see README.md in this folder."""
