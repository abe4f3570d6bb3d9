"""Calls mcpp under the name of the Python package whose command line it takes over."""
