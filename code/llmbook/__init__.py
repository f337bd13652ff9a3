"""Open LLMs from Scratch: every component of four papers, built to be read and checked against its reference.

Shapes. One letter means one thing in the whole book:

====  ===============================  ====  ===============================
B     batch                            H     query heads
T     query length                     K     key and value heads
S     key length                       E     head size
D     width of the residual stream     F     width inside a feed-forward layer
V     vocabulary                       R     rank of an adapter
====  ===============================  ====  ===============================

Two wings. The library has a room for each concept: ``layers`` and ``models``, ``checkpoint``, ``generation``,
``training`` and ``adapters``, ``accounting`` and ``metrics``, ``meetings`` and ``summarizers``, and what several pages
share: ``experiments``, ``plots``, ``widgets``, ``exercises``. ``notebooks``, ``classroom`` and ``real_weights`` are
commands. The page wing, ``chapters``, has a room for each page,
with what serves that page alone. Imports run downward only: the library imports no page, and a page no other page.

The package keeps no mutable global state. Nothing here prints, or seeds a generator that belongs to everybody, and the
experiments do not draw from one. What a function remembers for the next call, its callers cannot change.
"""

__version__ = "0.1.0"
