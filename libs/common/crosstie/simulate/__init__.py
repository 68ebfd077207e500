"""A made-up locality whose people meet, need help and answer suggestions: seeded, streamed, pure."""
