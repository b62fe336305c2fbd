"""What `hitpoint doctor` looks at: one file for each place, one function for each thing."""
