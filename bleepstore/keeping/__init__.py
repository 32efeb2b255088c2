"""Housekeeping: services that tidy up behind the requests."""
