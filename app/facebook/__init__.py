"""Where members go: the only package that knows Meta's Graph API.

It knows no database, queue, settings or web framework; whoever composes a process hands them in.
"""
