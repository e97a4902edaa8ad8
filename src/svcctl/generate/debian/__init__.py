"""The Debian target: a manifest, units and the bundled program to the files and scripts of one package."""
