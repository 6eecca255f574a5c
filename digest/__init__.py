"""One email a day that teaches machine learning: five concepts, five stories."""

__version__ = "0.1.0"
