"""Google Cloud Storage as the upstream of a gateway."""
