"""A local Graph API that keeps state and refuses what Meta refuses; it knows no one else."""
