"""Sockets and HTTP/1.1. Knows nothing of S3."""
