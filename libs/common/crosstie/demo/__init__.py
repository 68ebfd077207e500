"""The demonstration: a contact log played into the whole system as a platform would, and its report."""
