# SPDX-License-Identifier: MIT
"""What is done before a warm-up so that workers go on in its compiled code.

What a worker compiles it compiles in the middle of requests, and each worker for itself: milliseconds for a request
loop. Some of it no request of a warm-up brings about, as what is done while a worker waits. So that is called often enough
for PyPy's compiler to compile it in the master.

And a global name that was set once, and an attribute that no instance has had set a second time, are constants in
compiled code. When they change all code that relies on it is thrown away. So what will change after a warm-up changes
once before it.
"""

# Calls of a function that have PyPy's compiler compile it and each of its branches (function_threshold is 1619,
# trace_eagerness 200), and some more.
CALLS = 3000


def loosen(instance):
    """Makes the attributes of instances of this class, which has __slots__, variables from here on."""
    for name in instance.__slots__:
        setattr(instance, name, getattr(instance, name))
