"""How often Python looks for cycles of objects that nobody refers to.

Requests leave few cycles, but many objects that die by themselves, and the house itself has some
hundred thousand that live as long as the process. By default all of these are looked through
again and again: measured as 4 to 8 % of the processor time of a small GET.
"""

from __future__ import annotations

import gc

_NEW_OBJECTS = 5_000
"""So many more made than freed before the young ones are looked through (Python's default: 700)."""


def ease_collection() -> None:
    """Leave what is there out of every later collection, and collect less often.

    To be called once the house is built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
