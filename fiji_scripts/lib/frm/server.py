"""The server that keeps models and ImageJ ready: found, started, and asked.

Its pages answer in lines of text, as ``frm-bridge exec --ij`` prints them.
"""
from __future__ import absolute_import, division

import codecs
import json
import os
import time

from ij import IJ
from java.io import BufferedReader, File, IOException, InputStreamReader
from java.lang import System, Thread
from java.net import Proxy, URL

from frm import interpreter
from frm.interpreter import Failure, Stopped

_SHORTEST_MS, _LONGEST_MS = 20.0, 100.0
_CONNECT_MS, _READ_MS = 5000, 60000
_LONGEST_END_S = 10
_LOST = 3  # questions in a row that nobody answers: the server has gone


class NoServer(Exception):
    """There is none, and none can be started."""


class Server(object):
    """One that runs, or ran when it wrote its record."""

    def __init__(self, record):
        self._url, self._token = record["url"], record["token"]
        self.version = record.get("version")

    def take(self, job, request):
        """Hand a request over; gives what it says, or None where it is not there."""
        folder = File(interpreter.home(), "requests")
        folder.mkdirs()
        path = os.path.join(folder.getPath(), job + ".json")
        with codecs.open(path, "w", "utf-8") as out:
            out.write(json.dumps(dict(request, job=job)).decode("ascii"))
        said = self.get("/submit", job)
        other = ("ERR E_TOKEN ", "ERR E_SERVER_STOPS ")
        return None if said and said[0].startswith(other) else said

    def get(self, page, job):
        """The lines that a page answers, or None where nobody answers."""
        url = "%s%s?job=%s&token=%s" % (self._url, page, job, self._token)
        try:
            connection = URL(url).openConnection(Proxy.NO_PROXY)
            connection.setConnectTimeout(_CONNECT_MS)
            connection.setReadTimeout(_READ_MS)
            reader = BufferedReader(
                InputStreamReader(connection.getInputStream(), "UTF-8"))
            try:
                return list(iter(reader.readLine, None))
            finally:
                reader.close()
        except IOException:
            return None


def ask(command, request):
    """Let the server do what a request asks; start it where there is none.

    Gives the lines of the answer; Esc cancels the job.
    """
    if interpreter.setting("frm_bridge.server", "FRM_SERVER") == "off":
        raise NoServer
    job = _name()
    server = _find()
    said = server and server.take(job, request)
    if not said:
        _start(command)
        server = _find(whatever_version=True)
        said = server and server.take(job, request)
    if not said:
        raise NoServer("the one that was started does not answer")
    return _wait(command, server, job) if said[0].startswith("OK ") else said


def _find(whatever_version=False):
    """The server of the record, where there is one and of the commands' version."""
    record = interpreter.named_lines(os.path.join(interpreter.home(), "server.txt"))
    if not record or "url" not in record or "token" not in record:
        return None
    server = Server(record)
    wanted = (interpreter.installed() or {}).get("version", server.version)
    if server.version in (wanted, System.getProperty("frm_bridge.accepted")):
        return server
    if not whatever_version:
        return None
    # Its Python has another version, and starting it again would change nothing.
    System.setProperty("frm_bridge.accepted", server.version)
    IJ.log("FRM: these commands are of version %s, their Python has frm_bridge %s; run "
           "frm-bridge install-fiji FOLDER again" % (wanted, server.version))
    return server


def _start(command):
    IJ.showStatus("starting Python...")
    try:
        lines = list(interpreter.lines_of(command, ["serve", "--detach", "--ij"]))
    except Stopped:
        raise
    except Failure as failure:
        if failure.code == "E_PYTHON_MISSING":
            raise
        raise NoServer(failure.message)
    if not lines or not lines[-1].startswith("OK "):
        raise NoServer(lines[-1] if lines else u"its Python says nothing")


def _wait(command, server, job):
    """Ask after a job until it is done, with its progress."""
    pause, lost = _SHORTEST_MS, 0
    while True:
        lines = server.get("/status", job) or ["ERR E_TOKEN"]
        if lines[0].startswith("RUN "):
            lost = 0
            _show(command, lines[0])
        elif not lines[0].startswith(("ERR E_TOKEN", "ERR E_JOB_UNKNOWN")):
            return lines
        else:
            lost += 1
            if lost == _LOST:
                raise Failure("the server ended in the middle of the work",
                              "choose the command again", "E_SERVER_GONE")
        if IJ.escapePressed():
            _cancel(server, job)
            raise Stopped(command)
        Thread.sleep(int(pause))
        pause = min(pause * 1.2, _LONGEST_MS)


def _show(command, line):
    words = line.split(" ", 3)
    if words[2] != "0":
        IJ.showProgress(int(words[1]), int(words[2]))
    IJ.showStatus("%s: %s" % (command, words[3]))


def _cancel(server, job):
    """Cancel a job, and let it leave the files that it has open."""
    until = time.time() + _LONGEST_END_S
    said = server.get("/cancel", job)
    while said and time.time() < until:
        said = server.get("/status", job)
        if not said or not said[0].startswith("RUN "):
            return
        Thread.sleep(int(_LONGEST_MS))


def _name():
    """A job's name: this ImageJ, as all its commands call it, and a number."""
    client = System.getProperty("frm_bridge.client")
    if not client:
        client = "ij%d" % System.currentTimeMillis()
        System.setProperty("frm_bridge.client", client)
    return "%s-%d" % (client, System.nanoTime())
