"""What exists: accounts, buckets, objects and their versions, in SQL."""
