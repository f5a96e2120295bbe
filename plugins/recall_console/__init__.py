"""The recall console: an app that reads what the pipeline has written, and asks those who know what
is live. It changes nothing.
"""
