"""Prefix -> song, with NumPy only."""
