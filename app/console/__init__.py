"""The console: pages for people, on the documented API and nothing else; served as the files they are."""
