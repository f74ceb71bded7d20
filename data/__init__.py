"""The embedded corpus; see README.md in this folder."""
