"""What scripts inside editing programs ask for, and how it is answered."""
