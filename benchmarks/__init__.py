"""How fast captioning and search are, and how good search is: measured, stored, told in README."""
