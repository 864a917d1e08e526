"""`python -m openmemory_mcp`: the same as the command `openmemory`."""

from openmemory_mcp.cli import main

if __name__ == "__main__":
    main()
