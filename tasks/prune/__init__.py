"""The prune stage: deletion of artefacts that are old and that nothing needs."""
