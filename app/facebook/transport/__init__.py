"""Bytes to Meta and back: connections, TLS, proxies, time limits; nothing of what they mean."""
