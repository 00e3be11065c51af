"""The OpenAPI document, what operations may answer, and the page that shows it."""
