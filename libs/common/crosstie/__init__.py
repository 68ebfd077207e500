"""Suggestions of cross-sector introductions and mentoring pairs, folded from an event log."""
