"""How well the matcher does on recorded networks, by the protocol that others are measured with."""
