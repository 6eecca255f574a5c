"""Figures and formulas: the only room that knows matplotlib and the formula renderers.

Importing this package imports neither; `palette`, `press` and `formula` do so when used.
"""
