"""Who does what when: the people there are, shared out so that the plan ends soonest, and proof that it holds."""
