"""Files become deliveries: every row in fields, with its own verdict and its place."""
