"""What TLS contexts are made from: keys, certificates, folders of them."""
