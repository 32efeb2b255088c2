"""Azure Blob Storage as the upstream of a gateway."""
