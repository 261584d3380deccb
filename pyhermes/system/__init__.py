"""What asks the machine: its processes, its packages and the state of git."""
