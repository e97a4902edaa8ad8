"""Log files that rotate, and the observers that legacy applications give the log to."""
