"""What is known of each service while it runs, for those who look on."""
