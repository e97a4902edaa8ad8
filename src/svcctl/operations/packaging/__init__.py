"""What goes into a package, and what is known of it, from the files around an application."""
