"""Options of plug-ins: how they are declared, read from a command line, and shown."""
