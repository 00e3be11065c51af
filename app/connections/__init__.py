"""Resource: an ad account, the token that opens it, and the audience it fills."""
