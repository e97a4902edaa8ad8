"""The driver of the tree: the books on each service, and what starts, stops and restarts them."""
