"""A movie: its frames, the spots in them, and who links these."""
from __future__ import absolute_import, division

import math

from ij import ImagePlus, ImageStack
from ij.process import ShortProcessor

from frm import images, linking, nuclei, objects
from frm.results import Problem
from frm.tracks import Spot, Tracks


def choose_linker(wanted, detector):
    """Give 'TrackMate' or 'laptrack'; the LoG detector needs the former."""
    if detector != "LoG":
        return linking.choose(wanted)
    if wanted == "laptrack" or not linking.has_trackmate():
        raise Problem("the LoG detector is TrackMate's, which is not here or not the linker",
                      "E_NO_TRACKMATE", "run in a Fiji (--fiji FOLDER) with linker auto, or "
                      "choose detector nuclei")
    return "TrackMate"


class Movie(object):
    """The frames of an image, with what length and time mean in it."""

    def __init__(self, imp, frames, length_unit):
        self.imp, self.frames, self.scale = imp, frames, images.scale_of(imp)
        self.interval = images.frame_interval(imp)
        self.unit = images.length_unit(length_unit, self.scale)
        self.found = []
        self.session = None

    def limits(self, distance, gap_distance=0.0, frame_gap=0, splitting_distance=0.0):
        """How far spots may move, in um where calibrated, else in px."""
        factor = self.scale.width if self.unit == "px" and self.scale.calibrated else 1.0
        return linking.Limits(distance * factor, gap_distance * factor, frame_gap,
                              splitting_distance * factor)

    def nuclei(self, options):
        """The nuclei of each frame."""
        self.found = [nuclei.find(plane, options, self.scale) for plane in self.frames]
        return [_spot(frame, thing, thing_label)
                for frame, found in enumerate(self.found)
                for thing_label, thing in enumerate(found.kept, 1)]

    def labelled(self):
        """The objects of a label image, frame by frame."""
        spots = []
        for frame, plane in enumerate(self.frames):
            spots += _label_spots(frame, plane)
        return spots

    def blobs(self, radius, quality):
        """TrackMate's blobs; a radius in px or um, as the unit says."""
        factor = self.scale.width if self.unit == "px" and self.scale.calibrated else 1.0
        self.session = self._trackmate()
        radius_px = radius * factor / (self.scale.width if self.scale.calibrated else 1.0)
        return [Spot(frame, x, y, quality=seen, radius=radius_px) for frame, x, y, seen in
                self.session.detect(radius * factor, quality)]

    def link(self, spots, limits, linker):
        """Link the spots; give the tracks and the full name of what linked."""
        scale = (self.scale.width, self.scale.height) if self.scale.calibrated else None
        width, height = scale or (1.0, 1.0)
        if linker == "TrackMate":
            from frm import trackmate

            if self.session is None:
                self.session = self._trackmate()
                self.session.take([(s.frame, s.x, s.y, s.radius * math.sqrt(width * height))
                                   for s in spots])
            pairs, name = self.session.link(limits), trackmate.NAME
        else:
            places = [[s.frame, s.x * width, s.y * height] for s in spots]
            pairs, name = linking.by_laptrack(places, limits)
        return Tracks(spots, pairs, scale, self.interval), name

    def labels(self, tracks):
        """A label movie: the number of each spot's track, then the lone spots."""
        stack, lone = ImageStack(), len(tracks.members)
        spots = {}
        for spot in tracks.spots:
            if spot.track is None:
                lone += 1
            spots.setdefault(spot.frame, []).append((spot, spot.track or lone))
        if lone > objects.MOST_OBJECTS:
            raise Problem("%d tracks are more than a 16-bit label image can hold" % lone)
        for frame, plane in enumerate(self.frames):
            stack.addSlice(self._label_plane(frame, plane, spots.get(frame, [])))
        result = ImagePlus("Tracks of " + self.imp.getTitle(), stack)
        result.setDimensions(1, 1, len(self.frames))
        result.setDisplayRange(0, max(lone, 1))
        return images.with_own_scale(result, self.imp)

    def write_session(self, report):
        """Write TrackMate's own file, where TrackMate has linked."""
        if self.session is not None:
            self.session.write(report.path("tracks.xml"))
            report.add_output("trackmate", "tracks.xml")

    def _trackmate(self):
        from frm import trackmate

        imp = self.imp
        if imp.getNFrames() != len(self.frames):  # slices that are frames, or a pair
            stack = ImageStack()
            for plane in self.frames:
                stack.addSlice(plane)
            imp = ImagePlus(imp.getTitle(), stack)
            imp.setDimensions(1, 1, len(self.frames))
            imp.setCalibration(self.imp.getLocalCalibration().copy())
        return trackmate.Session(imp, self.scale, self.interval)

    def _label_plane(self, frame, plane, spots):
        """One frame of the label movie."""
        if spots and spots[0][0].label is None:
            return _discs(plane, spots)
        if self.found:
            labels = self.found[frame].labels.duplicate()
        else:
            labels = plane.convertToShortProcessor(False)
        table = [0] * (objects.MOST_OBJECTS + 1)
        for spot, track in spots:
            table[spot.label] = track
        labels.applyTable(table)
        return labels


def _spot(frame, thing, label):
    return Spot(frame, thing.x, thing.y, label=label, area=thing.area, mean=thing.mean,
                radius=math.sqrt(thing.area / math.pi))


def _label_spots(frame, plane):
    """The centre and area of each label of one frame."""
    width, sums = plane.getWidth(), {}
    for place, value in enumerate(plane.getPixels()):
        if value:
            if value != int(value) or not 0 < value <= objects.MOST_OBJECTS:
                raise Problem("frame %d has a pixel of %g: a label image holds whole "
                              "numbers from 0 to 65535" % (frame + 1, value))
            one = sums.setdefault(int(value), [0, 0, 0])
            one[0] += 1
            one[1] += place % width
            one[2] += place // width
    return [Spot(frame, x / n + 0.5, y / n + 0.5, label=label, area=n,
                 radius=math.sqrt(n / math.pi))
            for label, (n, x, y) in sorted(sums.items())]


def _discs(plane, spots):
    """Spots that have a radius only, as discs."""
    labels = ShortProcessor(plane.getWidth(), plane.getHeight())
    for spot, track in spots:
        radius = max(int(round(spot.radius)), 1)
        labels.setColor(track)
        labels.fillOval(int(round(spot.x - radius)), int(round(spot.y - radius)),
                        2 * radius, 2 * radius)
    return labels
