"""Tracks made of linked spots: numbered, measured, as tables. No ImageJ in here."""
from __future__ import absolute_import, division

import math

SPOT_COLUMNS = [
    "spot", "track", "frame", "time_s", "label", "x_px", "y_px", "x_um", "y_um",
    "area_px", "mean_intensity", "radius_px", "quality",
]
LINK_COLUMNS = [
    "track", "source", "target", "frame", "frames", "distance_px", "distance_um",
    "speed_px_per_frame", "speed_um_per_s",
]
TRACK_COLUMNS = [
    "track", "first_frame", "last_frame", "spots", "gaps", "divisions", "path_px",
    "path_um", "displacement_px", "displacement_um", "straightness",
    "mean_speed_px_per_frame", "mean_speed_um_per_s",
]


class Spot(object):
    """One object of one frame; frames count from 0, places are ImageJ's."""

    track = label = area = mean = radius = quality = None

    def __init__(self, frame, x, y, **known):
        self.frame, self.x, self.y = frame, x, y
        self.__dict__.update(known)


class Tracks(object):
    """Spots and the links between them.

    Parameters: the spots, by frame; pairs of their indices; um per px in x and y, or
    None; seconds between frames, or None. Tracks are numbered from 1 by their first
    spots; a spot that nothing links to has no track.
    """

    def __init__(self, spots, links, scale, interval):
        self.spots, self.scale, self.interval = spots, scale, interval
        self.links = sorted(
            pair if spots[pair[0]].frame < spots[pair[1]].frame else pair[::-1]
            for pair in links)
        self.members = self._number()

    def _number(self):
        """Give every linked spot its track, and every track its spots."""
        root = list(range(len(self.spots)))

        def find(index):
            while root[index] != index:
                root[index] = index = root[root[index]]
            return index

        for source, target in self.links:
            a, b = find(source), find(target)
            root[max(a, b)] = min(a, b)
        linked = sorted(set(index for pair in self.links for index in pair))
        members = {}
        for index in linked:
            members.setdefault(find(index), []).append(index)
        ordered = [members[first] for first in sorted(members)]
        for number, spots in enumerate(ordered, 1):
            for index in spots:
                self.spots[index].track = number
        return ordered

    @property
    def lone(self):
        """How many spots nothing links to."""
        return len([spot for spot in self.spots if spot.track is None])

    @property
    def divisions(self):
        """How often one spot is linked to two later ones."""
        sources = [source for source, _ in self.links]
        return len(sources) - len(set(sources))

    def spot_rows(self):
        """One row per spot, as in SPOT_COLUMNS; frames count from 1, as in ImageJ."""
        return [[number, s.track, s.frame + 1, self._time(s.frame), s.label, s.x, s.y,
                 self._um(s.x, 0), self._um(0, s.y), s.area, s.mean, s.radius, s.quality]
                for number, s in enumerate(self.spots, 1)]

    def link_rows(self):
        """One row per link, as in LINK_COLUMNS."""
        return [self._link_row(*link) for link in self.links]

    def track_rows(self):
        """One row per track, as in TRACK_COLUMNS."""
        by_track = {}
        for link in self.links:
            by_track.setdefault(self.spots[link[0]].track, []).append(link)
        return [self._track_row(number, spots, by_track[number])
                for number, spots in enumerate(self.members, 1)]

    def _link_row(self, source, target):
        a, b = self.spots[source], self.spots[target]
        frames = b.frame - a.frame
        px, um = self._distance(a, b)
        return [a.track, source + 1, target + 1, a.frame + 1, frames, px, um,
                px / frames, self._speed(um, frames)]

    def _track_row(self, number, members, links):
        spots = [self.spots[index] for index in members]
        first, last = spots[0], spots[-1]
        steps = [self._distance(self.spots[a], self.spots[b]) for a, b in links]
        frames = sum(self.spots[b].frame - self.spots[a].frame for a, b in links)
        path, displacement = sum(px for px, _ in steps), self._distance(first, last)
        path_um = sum(um for _, um in steps) if self.scale else None
        sources = [a for a, _ in links]
        return [
            number, first.frame + 1, last.frame + 1, len(spots),
            len([1 for a, b in links if self.spots[b].frame - self.spots[a].frame > 1]),
            len(sources) - len(set(sources)), path, path_um, displacement[0],
            displacement[1], displacement[0] / path if path else None,
            path / frames, self._speed(path_um, frames)]

    def _distance(self, a, b):
        dx, dy = b.x - a.x, b.y - a.y
        return math.hypot(dx, dy), self._um(dx, dy)

    def _um(self, x, y):
        return math.hypot(x * self.scale[0], y * self.scale[1]) if self.scale else None

    def _time(self, frame):
        return frame * self.interval if self.interval else None

    def _speed(self, um, frames):
        if um is None or not self.interval:
            return None
        return um / (frames * self.interval)
