"""How a song is found: a decoder proposes characters, constraints forbid some, a search chooses. NumPy only."""
