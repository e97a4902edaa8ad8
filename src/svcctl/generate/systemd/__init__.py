"""The systemd target: service and socket units, and what belongs to them."""
