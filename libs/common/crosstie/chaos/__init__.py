"""Faults on a whole system under load, and an auditor who looks at it from the outside."""
