"""Who should meet whom: a pure step from a network and a ledger to a new ledger."""
