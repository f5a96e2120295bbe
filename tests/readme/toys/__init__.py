"""A toy family and a toy source format: the recipes of `infra/docs/contributing.md`, followed."""
