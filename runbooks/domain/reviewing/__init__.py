"""What a run was, told afterwards from its facts alone: where the time went, what was decided, what went wrong."""
