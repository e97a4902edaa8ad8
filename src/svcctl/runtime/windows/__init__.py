"""The service host of Windows, and the application's side of what it shares with it."""
