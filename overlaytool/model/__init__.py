"""Every record, in pipeline order: request, resolution, plan, change set, series, verdict, build. No I/O.

A record is frozen plain data. Collections are tuples in a stated order, so that the same trees and
the same request give the same bytes wherever a record is written down. Import it from the module that
has it: a command loads only the records that it handles.

==============  ==========================================
``resolution``  request and resolution
``plan``        the steps and the files that they touch
``change``      a plan worked out down to bytes
``series``      commits, branch, pull request
``verdict``     what Portage says
``build``       the SDK container, the image
==============  ==========================================
"""
