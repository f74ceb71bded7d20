"""What the model writes: logits -> characters -> songs, and how well it foresees a text. NumPy only."""
