"""What several rooms need of Windows: its functions and structures, jobs, who may do what, pipes with names."""
