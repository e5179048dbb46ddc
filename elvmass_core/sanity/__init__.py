"""Do the explanations of a model deserve trust: tests made once per bundle and kept beside its weights."""
