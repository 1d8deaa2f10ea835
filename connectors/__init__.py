"""Connectors to e-invoice exchanges: pure Python, knows nothing of Odoo."""
