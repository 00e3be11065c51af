"""Continue with Facebook: the way to Meta's dialog and back with a token; other tokens are typed in."""
