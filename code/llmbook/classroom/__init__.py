"""For teachers: hand out a chapter's exercises, and grade what comes back without trusting it.

A student's code runs in a process of its own, inside of a sandbox, and returns nothing but values: numbers, texts,
lists, arrays and tensors. The checks run here, on a stand-in of the student's function, and compare these values
themselves. So a submission may patch, print, loop or crash what it likes; it only chooses the values that it returns.
"""
