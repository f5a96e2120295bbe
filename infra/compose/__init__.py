"""Parts of docker-compose.yaml beside the images: the file of its variables, and the start of its
databases and servers.
"""
