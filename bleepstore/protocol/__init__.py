"""What the bytes of a request mean: its address, its operation, and who answers it."""
