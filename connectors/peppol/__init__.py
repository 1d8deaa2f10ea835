"""Peppol: message level and invoice responses."""
