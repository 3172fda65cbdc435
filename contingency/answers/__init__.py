"""The six questions, a module each: what was seen in, an answer with its figures and records out."""
