"""Explanations against the truth: one mechanism of a virtual patient is changed; does the map blame what changed?"""
