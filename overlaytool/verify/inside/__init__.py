"""What runs inside Portage's own process: the only importer of Portage.

The process is started by :mod:`overlaytool.verify.emerge` with a clean environment. Its job comes in as
JSON on standard input and its report goes out as JSON on standard output; what Portage itself prints
goes to a log. Nothing here is imported by the rest of overlaytool.
"""
