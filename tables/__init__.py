"""Makes the data files of the service from their sources: `make tables`."""
