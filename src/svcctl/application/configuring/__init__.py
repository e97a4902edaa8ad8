"""How the values of settings are written in the environment."""
