"""The pure core: what things are and how the day's picks are chosen.

Nothing here reads a clock, a disk, a network or a setting; `now` and `rng` are arguments.
"""
