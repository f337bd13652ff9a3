"""Open LLMs from Scratch: every component of four papers, built to be read and checked against its reference.

Shapes. One letter means one thing in the whole book:

====  ===============================  ====  ===============================
B     batch                            H     query heads
T     query length                     K     key and value heads
S     key length                       E     head size
D     width of the residual stream     F     width inside a feed-forward layer
V     vocabulary                       R     rank of an adapter
====  ===============================  ====  ===============================

Imports run downward only: ``widgets`` and ``plots`` use ``generation`` and ``checkpoint``, which use ``models``,
which use ``layers``. Nothing here prints, keeps global state, or seeds a global generator.
"""

__version__ = "0.1.0"
