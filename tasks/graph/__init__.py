"""The graph of items that users liked together, from a snapshot's training rows."""
