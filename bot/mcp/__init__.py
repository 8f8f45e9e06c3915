"""The same answers as Model Context Protocol tools."""
