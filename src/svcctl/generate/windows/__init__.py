"""The Windows target: from a manifest to the definition of a service, scripts and sources of installers."""
