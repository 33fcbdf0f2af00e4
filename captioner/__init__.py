"""Captions for images: the team's own model and Azure AI Vision, side by side, as JSON records."""

__version__ = "0.1.0"
