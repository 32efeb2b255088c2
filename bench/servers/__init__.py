"""The stores that are measured side by side."""
