"""Whether a challenger goes live, and the one place where the registry's aliases move."""
