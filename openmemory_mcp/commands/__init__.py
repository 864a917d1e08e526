"""The tool server's own commands, one module for what is imported together."""
