"""The pipes between a socket and a backend: decoding, digests, blocks, producers."""
