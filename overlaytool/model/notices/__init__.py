"""Every kind of notice, a class each: what the user should know and what does not stop the work.

There is a module for each part of overlaytool that gives some; `every.KINDS` lists them all.
"""
