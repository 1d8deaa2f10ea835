"""Italy: the Sistema di Interscambio."""
