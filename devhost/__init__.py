"""Runs a Functions app on a machine without Core Tools; for development only, never deployed."""
