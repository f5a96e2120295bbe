"""A day is judged as a whole: its figures, the expectations of them, and the page that says so."""
