"""What both halves agree on, in NumPy: the models, their probabilities, and the files that carry them."""
