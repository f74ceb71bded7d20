"""What the model writes: logits -> characters -> songs. NumPy only."""
