"""One index over two engines that speak Qdrant: embedded in a child process, or a server."""
