"""Forward-only migrations of the tables that are truth. Projections are rebuilt, never migrated."""

HEAD = "0005"  # the newest one; a test compares
