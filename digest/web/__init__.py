"""The site comes with its own issue; the room is kept so that the floors are whole."""
