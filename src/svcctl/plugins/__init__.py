"""The plug-ins that svcctl brings along, useful as they are."""
