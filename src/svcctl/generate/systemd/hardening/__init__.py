"""The sandbox: everything is on that the application does not need, each line with its reason."""
