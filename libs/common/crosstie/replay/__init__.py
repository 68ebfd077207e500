"""The past again: logs as sources, other policies, comparisons."""
