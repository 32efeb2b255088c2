"""Amazon S3, and whatever speaks its protocol, as the upstream of a gateway."""
