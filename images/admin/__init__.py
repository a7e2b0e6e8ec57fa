"""Operators' pages of images and of what limits them."""

from images.admin import families, images, limits

__all__ = ["families", "images", "limits"]
