"""Files on a disk: their paths, their room, how they are written whole, how they are opened."""
