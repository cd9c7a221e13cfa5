# SPDX-License-Identifier: MIT
"""What PyPy's compiler takes for a constant.

A global name that was set once, and an attribute that no instance has had set a second time, are constants in compiled
code. When they change all code that relies on it is thrown away, and each worker compiles it again, in the middle of
requests: milliseconds for a request loop. So what will change after a warm-up changes once before it.
"""


def loosen(instance):
    """Makes the attributes of instances of this class, which has __slots__, variables from here on."""
    for name in instance.__slots__:
        setattr(instance, name, getattr(instance, name))
