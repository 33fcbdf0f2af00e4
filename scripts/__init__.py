"""What `make` runs: the development environment, the local run, the storage emulator."""
