"""Forward-only migrations of the tables that are truth. Projections are rebuilt, never migrated."""
