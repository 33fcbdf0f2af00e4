"""How fast captioning is, and how much memory it takes: measured, stored, told in the README."""
