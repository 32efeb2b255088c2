"""S3's XML documents: bytes to values and back."""
