"""The use cases for services of Windows, one file per verb."""
