"""What a memory is and who may see it: plain Python, no I/O, no framework."""
