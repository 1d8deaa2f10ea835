"""Services that stand between a company and the Sistema di Interscambio."""
