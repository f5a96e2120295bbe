"""The last step: quarantine, manifest and report of a snapshot, or the report of a refusal."""
