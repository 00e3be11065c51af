"""The process that performs runs; it knows no HTTP framework."""
