"""Training in MXNet: the only package that imports it, and only when MXNet is to compute."""
