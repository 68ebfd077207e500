"""What others build against, generated from the code: JSON Schemas, AsyncAPI and OpenAPI documents.

`python -m crosstie.contracts` writes them below `docs/`; `--check` only says what would change.
"""
