"""Which items are alike, for every family the same: by who liked both, and near each other."""
