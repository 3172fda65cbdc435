"""Forms, serials, sheets, passes and the register's identities, without any store."""
