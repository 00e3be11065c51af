"""Databases that are asked over HTTP, and what their readers share; one room a product."""
