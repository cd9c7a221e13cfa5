# SPDX-License-Identifier: MIT
"""Fills what PyPy's collector has free between old objects, before the fork. src/vm/holes.h is the same for malloc().

Old objects of the same size lie in pages of 8 KB (rpython/memory/gc/minimarkpage.py). A new one gets a free place in a
page that has one; only when there is none is there a new page. After the start and a warm-up nearly every page has some,
and what a worker puts there makes a page that it shares with the master its own. So here objects that stay are made of
each size, until a whole page of them shows that there was no place left.
"""
from _uwsgi_pypy import lib

from . import collector, config, nursery

PAGE = 8192
HEADER = 32

# Sizes of the objects that are in such pages, but for the smallest one, which is hardly ever used.
SIZES = range(16, 288, 8)

# What a bytes object takes besides its bytes: before them, and a zero after them.
BYTES_HEADER = 24
BYTES_LEAST = 32

# Pages of each size that are filled at a time, and the part of the heap.
PAGES = 2
PART = 1 / 8192

# If they are more than that part of the heap, something is not as it is thought to be.
MOST = 1 / 3

# So many of the last objects are looked at to see that they are of their size.
SAMPLE = 50

_kept = []


class Size:
    """Fills the places of one size."""

    __slots__ = ('size', 'blocks', 'count', 'made')

    def __init__(self, size, heap):
        self.size = size
        self.blocks = (PAGE - HEADER) // size   # in a page
        self.count = PAGES * self.blocks + int(heap * PART) // size
        self.made = None

    def make(self):
        """Makes some, still in the nursery."""
        if self.size == 16:
            self.made = list(zip([None] * self.count))
        elif self.size == 24:
            self.made = [[] for _ in range(self.count)]
        else:
            length = self.size - BYTES_HEADER - 1
            self.made = (b' '.join([b'.' * length] * self.count)).split(b' ')

    def where(self, index):
        """Returns the address of the object, which is old."""
        if self.size < BYTES_LEAST:
            return id(self.made[index])
        return lib.upp_nursery_locate(self.made[index]) - BYTES_HEADER

    def is_right(self):
        """Returns whether the objects have that size: whether those in one page lie so many bytes apart, or some times that."""
        places = [self.where(index) for index in range(-SAMPLE, 0)]
        return all((there - here) % self.size == 0 for here, there in zip(places, places[1:]) if here // PAGE == there // PAGE)

    def is_full(self):
        """Returns whether a new page had to be taken: whether the last page but one is filled by what was made last."""
        behind = (self.where(-1) % PAGE - HEADER) // self.size + 1
        last = self.count - 1 - behind
        first = last - self.blocks + 1
        if first < 0:
            return False
        start = self.where(first)
        return start % PAGE == HEADER and self.where(last) == start + (self.blocks - 1) * self.size


def fill():
    """Fills them all, if workers will share the heap."""
    if not config.gc_share:
        return
    heap = collector.size()
    left = [Size(size, heap) for size in SIZES]
    while left and collector.size() < heap + heap * MOST:
        for size in left:
            size.make()
        nursery.make_old()
        _kept.extend([size.made for size in left])
        # a PyPy whose tuples are larger leaves the places of the smallest ones as they are
        left = [size for size in left if size.is_right() and not size.is_full()]
    if left:
        # a PyPy that does it in another way: nothing is gained then
        _kept.clear()
