"""The tune stage: a study of a family's settings, whose trials are judged on validation rows."""
