"""What one cell may hold: text, wrappings, lists, placeholders, hashes, and the rule that takes it."""
