"""Programs that a process monitor keeps running: starting, watching and ending them."""
