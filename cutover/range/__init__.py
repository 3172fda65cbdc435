"""The range: stand-ins for the systems under change, with fault switches, to rehearse against real failures."""
