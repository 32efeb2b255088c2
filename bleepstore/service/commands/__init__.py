"""The commands of ``bleepstore-admin``: one module for each group of them."""
