"""Pages for people beyond the README, and the writer of those that follow from the sources."""
