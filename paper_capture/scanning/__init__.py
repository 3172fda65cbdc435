"""Scans: what a file holds, which page of which sheet each image is, and which boxes were ticked."""
