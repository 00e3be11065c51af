"""Commands that call a service by its API; the wheel of the command line alone has these and no others."""
