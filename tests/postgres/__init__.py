"""A PostgreSQL server for the tests: binaries from a wheel, its own folder, gone with pytest."""
