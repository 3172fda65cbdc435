"""Cutover and go-live resilience: the blackout window, the watch, the paper and the way back."""

__version__ = "0.1.0"
