"""Know, item by item, where a studio's material came from and whether it may be used; hold that until the GPU."""

__version__ = "0.1.0"
