"""What several rooms need of Windows: processes with fewer rights, pipes with names."""
