"""The transports that the services have in common."""
