"""Bodies of uploads and what Meta answers to them; not when they are sent."""
