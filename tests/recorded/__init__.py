"""What journals hold already, and what the shapes of facts were when they were written: read for ever."""
