"""What happens to a connection between runs: accounts that Meta blocks, tokens that end."""
