"""What stands around the scoring library: the command line, and the demonstration."""
