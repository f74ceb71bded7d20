"""The models in NumPy, their probabilities and their files, which training and writing share."""
