"""kithd: keeps professional ties alive. See docs/ARCHITECTURE.md for the layers."""

__version__ = "0.1.0"
