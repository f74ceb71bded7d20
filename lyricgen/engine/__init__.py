"""MXNet: the only folder that imports it, and only when something is trained (or asked for by ``--engine mxnet``)."""
