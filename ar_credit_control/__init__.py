"""The Odoo side of credit control: see docs/architecture.md for the rooms."""
