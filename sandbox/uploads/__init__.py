"""Payloads of uploads and the sessions they belong to."""
