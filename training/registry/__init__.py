"""Bundles in a container: published once for all, and which version of a model is current."""
