"""Live control: the tree of a running application, shown and acted on over a socket that speaks Varlink."""
