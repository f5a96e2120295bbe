"""What the images hold, and how their services begin."""
