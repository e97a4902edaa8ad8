"""The command line: parse, call one operation, present its result."""
