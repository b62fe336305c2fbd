"""`make soak`: three editors send work for hours while somebody keeps killing what does it."""
