"""The service: resources, their rules, and the adapters both processes share."""
