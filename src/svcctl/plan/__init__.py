"""What should happen on a machine, as data: files, actions, plans and receipts. Nothing here does anything."""
