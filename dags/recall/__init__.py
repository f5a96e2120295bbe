"""What the DAG files share. Nothing heavy is imported here, and nothing of `tasks`: work is asked
for in JSON.
"""
