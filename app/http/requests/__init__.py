"""What every request passes on its way in and out: bounds, headers, encodings; it knows no resource."""
