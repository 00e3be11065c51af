"""What Meta says of its objects, as values: ad accounts, people, audiences; no calls."""
