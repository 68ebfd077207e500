"""Which ties are about to form: a ranking of non-neighbours learned from the network's own past."""
