"""The contract every stage keeps: requests, results, errors and exit codes, the store, manifests,
vectors, encoders.
"""
