"""Entry points and helpers of the container images."""
