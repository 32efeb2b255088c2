"""The porch: options, assembly, listeners. It alone knows every room and the global reactor."""
