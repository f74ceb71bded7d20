"""Training in NumPy alone: back-propagation through time, written out."""
