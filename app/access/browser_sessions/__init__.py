"""People signed in with a browser: how they sign in, their cookie, and whether our own page asks."""
