"""What has happened to a service, in plain words: facts in, explanations out, without a look at the machine."""
