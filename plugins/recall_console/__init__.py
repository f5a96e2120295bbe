"""The recall console: a web app that shows what the pipeline has written and what is live. It
changes nothing.
"""
