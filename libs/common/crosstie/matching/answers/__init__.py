"""What is learned from answers to suggestions: how likely one accepts the other, and that they meet."""
