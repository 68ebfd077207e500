"""What a platform does: send events over HTTP or its inbox, read suggestions."""
