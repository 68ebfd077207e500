"""matching: opens rounds and publishes suggestions."""
