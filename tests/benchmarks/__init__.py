"""What is measured, not tested: quality on named protocols, speed as ratios within one run."""
