"""What a script does with an application of its own: it runs it, and opens and closes its ports."""
