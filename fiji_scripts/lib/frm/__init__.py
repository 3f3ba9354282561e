"""Jython 2.7 code that the FRM scripts share.

In a Fiji it lies in ``jars/Lib/frm``; in the embedded ImageJ its parent is on sys.path.
Everything here calls ImageJ's classes directly and passes every option, so that no
preference of the user changes a number.
"""
