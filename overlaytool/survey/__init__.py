"""What each package of a tree would cost in Flatcar: the record of one, many of them, and who works them out.

trees --content--> digests --kept--> what is left to do --engine--> lines --summary, compare--> words
"""
