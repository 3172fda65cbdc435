"""When each task can and must happen: the network of tasks, working hours, and what an edit would do."""
