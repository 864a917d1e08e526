"""SQL: the truth. Tables, sessions, repositories and migrations."""
