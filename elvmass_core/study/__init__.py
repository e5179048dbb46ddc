"""Training and evaluation on tables of ECGs with a known LV mass."""
