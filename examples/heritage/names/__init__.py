"""A small DNS server for the example, with dnslib for the format of its messages."""
