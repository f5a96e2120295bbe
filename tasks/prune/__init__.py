"""What the store holds that nobody can need any more."""
