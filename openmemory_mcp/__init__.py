"""The MCP tool server: it speaks the Mem0 REST contract and nothing else."""
