"""Arithmetic and decisions: pure Python, one file a capability, no Odoo and no I/O."""
