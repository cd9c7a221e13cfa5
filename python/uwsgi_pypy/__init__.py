# SPDX-License-Identifier: MIT
"""The Python half of the plugin. `hooks` is the way in; each other module owns one concern."""
