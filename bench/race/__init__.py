"""What stores are measured at, side by side and in turns."""
