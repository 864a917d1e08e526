"""Vector indexes: everything that finds memories by meaning and by word."""
