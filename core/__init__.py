"""The scoring library: from a timeline range to a cue. No sockets, no processes, no command line."""
