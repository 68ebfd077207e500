"""The door: what platforms send becomes entries of the log, or a reason why not. Pure."""
