"""A two-sided market with hidden preferences, played with several ways of making lists."""
