"""The step *resolve*: rows of deliveries become the numbered, divided tables of a day."""
