"""What the editing programs run: scripts that import nothing of ours, and their installer."""
