"""Locations of images: registered by their address, changed by patches, and asked how large they are."""
