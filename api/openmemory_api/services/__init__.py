"""Use cases. They open the transactions, and every one begins with the access decision."""
