"""What went on around a run, told afterwards from the journal: plays, outages, alarms, paper, claims, limits, what is open."""
