"""What addresses in settings may say, told before anything connects to them; pure.

Nothing here opens a connection: who may be called by webhooks is theirs, and sources know their own.
"""
