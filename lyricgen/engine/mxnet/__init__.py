"""Training in MXNet: the only folder that imports it, and only when it is to compute."""
