"""Operators' pages of images and of what limits them."""

from images.admin import images, limits

__all__ = ["images", "limits"]
