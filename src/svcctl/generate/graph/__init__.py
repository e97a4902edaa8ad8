"""Drawings of a tree of services and of the order in which it starts: text, Graphviz source, SVG."""
