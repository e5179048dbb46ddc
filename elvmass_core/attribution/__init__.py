"""Why a model said what it said: `methods` on any network, `tables` in grams, and `explain` for one estimate."""
