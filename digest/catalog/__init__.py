"""content/ on disk as concepts, sources and shelf items; importing it draws nothing."""
