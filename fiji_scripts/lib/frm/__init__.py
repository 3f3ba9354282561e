"""Jython 2.7 code that the FRM scripts share.

In a Fiji it lies in ``jars/Lib/frm``; in the embedded ImageJ its parent is on sys.path.
Everything here calls ImageJ's classes directly and passes every option, so that no
preference of the user changes a number.

NB: every module here needs ``absolute_import``: without it, Jython takes ``import io`` in
a package for the Java package io, which every Fiji has (io.scif). Once that has happened
anywhere, it stays so until Fiji ends: hence ``codecs`` in place of ``io``.
"""
from __future__ import absolute_import, division

import os
import sys


def folder():
    """Where this library lies. NB: Jython has __file__ in bytes, which Java misreads."""
    place = os.path.dirname(os.path.abspath(__file__))
    if isinstance(place, str):
        place = place.decode(sys.getfilesystemencoding() or "utf-8")
    return place
