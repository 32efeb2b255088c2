"""Where the bytes are: the backends. They keep bytes and nothing else."""
