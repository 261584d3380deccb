"""The one wing that opens, lists, writes and moves files.

Only regular files inside the run's own directory are read and written: a FIFO would block, a device
never ends, and a link may lead anywhere. What is written appears under its name whole or not at all.
"""
