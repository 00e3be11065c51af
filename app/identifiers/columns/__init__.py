"""What every rule stands on: columns of text, digests, distinct values, refusals; no key's own rule."""
