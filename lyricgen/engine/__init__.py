"""Training. What is the same for every engine stands here, what computes a gradient in ``mxnet`` and ``numpy``."""
