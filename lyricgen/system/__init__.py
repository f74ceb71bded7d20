"""The machine: threads, memory, signals and processes."""
