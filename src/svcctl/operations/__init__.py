"""The use cases, one file a verb: plain arguments in, a result record out, nothing printed."""
