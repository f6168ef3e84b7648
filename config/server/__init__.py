"""The web process: connections, requests while they are received, and the threads that work on them."""
