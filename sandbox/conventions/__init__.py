"""What all of Meta's edges share: wire forms, fields and pages, names, errors."""
