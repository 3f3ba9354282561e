"""TrackMate 7 and 8, kept thin: detect, link, write the file that its window re-opens.

NB: settings are type-strict (Double, Integer), and process() tells of bad input by
returning False. Factories are made directly: outside a SciJava context none is found.
"""
from __future__ import absolute_import, division

from fiji.plugin.trackmate import Logger, Model, Settings, Spot, SpotCollection, TrackMate
from fiji.plugin.trackmate.detection import LogDetectorFactory, ManualDetectorFactory
from fiji.plugin.trackmate.io import TmXmlWriter
from fiji.plugin.trackmate.tracking.jaqaman import SparseLAPTrackerFactory
from java.io import File
from java.lang import Boolean, Double, Integer

from frm.results import Problem

NAME = "TrackMate %s" % TrackMate.PLUGIN_NAME_VERSION
_CENTRE = 0.5  # of the first pixel in ImageJ; for TrackMate it is 0
_RADIUS = 5.0


class Session(object):
    """One movie in TrackMate."""

    def __init__(self, imp, scale, interval):
        self.width = scale.width if scale.calibrated else 1.0
        self.height = scale.height if scale.calibrated else 1.0
        self.interval = interval or 1.0
        self.model, self.settings = Model(), Settings(imp)
        self.model.setLogger(Logger.VOID_LOGGER)
        self.model.setPhysicalUnits("um" if scale.calibrated else "pixel",
                                    "s" if interval else "frame")
        self._use(ManualDetectorFactory(), {"RADIUS": Double(_RADIUS)})
        self.trackmate = TrackMate(self.model, self.settings)
        self.trackmate.setNumThreads(1)

    def detect(self, radius, quality):
        """Find blobs by the Laplacian of Gaussian; give (frame, x_px, y_px, quality)."""
        self._use(LogDetectorFactory(), {
            "RADIUS": Double(radius), "THRESHOLD": Double(quality),
            "TARGET_CHANNEL": Integer(1), "DO_SUBPIXEL_LOCALIZATION": Boolean(True)})
        if not self.trackmate.execDetection():
            raise Problem("TrackMate: %s" % self.trackmate.getErrorMessage())
        self.model.getSpots().setVisible(True)
        self.spots = sorted(self.model.getSpots().iterable(True), key=_place)
        return [(int(spot.getFeature("FRAME")),
                 spot.getFeature("POSITION_X") / self.width + _CENTRE,
                 spot.getFeature("POSITION_Y") / self.height + _CENTRE,
                 spot.getFeature("QUALITY")) for spot in self.spots]

    def take(self, spots):
        """Take over spots found elsewhere: (frame, x_px, y_px, radius in its unit)."""
        collection, self.spots = SpotCollection(), []
        for frame, x, y, radius in spots:
            spot = Spot((x - _CENTRE) * self.width, (y - _CENTRE) * self.height, 0.0,
                        radius, 1.0)
            spot.putFeature("POSITION_T", Double(frame * self.interval))
            collection.add(spot, Integer(frame))
            self.spots.append(spot)
        self.model.setSpots(collection, False)

    def link(self, limits):
        """Link the spots; give pairs of their indices."""
        if not self.spots:
            return []  # NB: TrackMate calls an empty collection an error
        self._set_tracker(limits)
        if not (self.trackmate.checkInput() and self.trackmate.execTracking()):
            raise Problem("TrackMate: %s" % self.trackmate.getErrorMessage())
        for compute in (self.trackmate.computeSpotFeatures,
                        self.trackmate.computeEdgeFeatures,
                        self.trackmate.computeTrackFeatures):
            compute(False)
        index = dict((spot.ID(), number) for number, spot in enumerate(self.spots))
        tracks = self.model.getTrackModel()
        return [(index[tracks.getEdgeSource(edge).ID()],
                 index[tracks.getEdgeTarget(edge).ID()])
                for track in tracks.trackIDs(False) for edge in tracks.trackEdges(track)]

    def write(self, path):
        """Write the file that File > Load in TrackMate's window opens."""
        writer = TmXmlWriter(File(path))
        writer.appendModel(self.model)
        writer.appendSettings(self.settings)
        writer.writeToFile()

    def _use(self, factory, changes):
        """Set the detector: before the analyzers, which ask it for its features."""
        settings = factory.getDefaultSettings()
        settings.update(changes)
        self.settings.detectorFactory, self.settings.detectorSettings = factory, settings
        self.settings.addAllAnalyzers()

    def _set_tracker(self, limits):
        factory = SparseLAPTrackerFactory()
        settings = factory.getDefaultSettings()
        settings.update({
            "LINKING_MAX_DISTANCE": Double(limits.distance),
            "ALLOW_GAP_CLOSING": Boolean(limits.closes_gaps),
            "GAP_CLOSING_MAX_DISTANCE": Double(limits.gap_distance),
            "MAX_FRAME_GAP": Integer(limits.frame_gap),
            "ALLOW_TRACK_SPLITTING": Boolean(limits.splitting_distance > 0),
            "SPLITTING_MAX_DISTANCE": Double(limits.splitting_distance),
            "ALLOW_TRACK_MERGING": Boolean(False),
        })
        self.settings.trackerFactory, self.settings.trackerSettings = factory, settings


def _place(spot):
    return tuple(spot.getFeature(name) for name in ("FRAME", "POSITION_Y", "POSITION_X"))
