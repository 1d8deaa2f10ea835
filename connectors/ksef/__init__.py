"""Poland: Krajowy System e-Faktur, API 2."""
