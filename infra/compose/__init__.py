"""What docker-compose.yaml needs beside the images: the file of its variables, and how its
databases and servers begin.
"""
