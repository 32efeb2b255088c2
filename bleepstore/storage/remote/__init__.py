"""What all gateways share: blobs as objects of an upstream store, reached over HTTP."""
