"""From what the user names to an Application, and to its description made in a process of its own."""
