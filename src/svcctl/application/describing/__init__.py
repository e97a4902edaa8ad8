"""From the live tree to the manifest."""
