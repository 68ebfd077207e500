"""Where candidates come from: one module per source, each `find`s for the served of a `Search`."""
