"""The contract between the two halves: the equations in NumPy, and the file that carries their parameters."""
