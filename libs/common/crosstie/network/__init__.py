"""What is known about people and their ties: pure folds of the log."""
