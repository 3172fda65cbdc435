"""Does what arrived agree with what left: record by record, from the source register, never from the loader's report."""
