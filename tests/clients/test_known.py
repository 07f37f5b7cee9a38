"""Objects of well-known classes: plain JSON says what Python says of them, and they come back as they were."""

import datetime
import json
import pickle
import unittest
import zoneinfo

try:
    import dateutil.tz
    import pytz
except ImportError:
    dateutil = pytz = None

from mandoline import Server
from same import difference

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def duration(value):
    """ISO 8601, as pydantic and JavaScript's Temporal write it."""
    sign, value = ("-", -value) if value < datetime.timedelta() else ("", value)
    text = f"{value.days}D" if value.days else ""
    hours, minutes, seconds = value.seconds // 3600, value.seconds // 60 % 60, value.seconds % 60
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if value.microseconds:
        time += f"{seconds}.{value.microseconds:06}".rstrip("0") + "S"
    elif seconds or not (text or time):
        time += f"{seconds}S"
    return f"{sign}P{text}" + (f"T{time}" if time else "")


def times():
    """Pairs of a value and what plain JSON says."""
    hour, utc = datetime.timedelta(hours=1), datetime.timezone.utc
    zones = [None, utc, datetime.timezone(-5.5 * hour), datetime.timezone(hour, "named"),
             datetime.timezone(datetime.timedelta(seconds=-3723, microseconds=4))]
    for zone in zones:
        for moment in (datetime.datetime(2020, 2, 29, 1, 2, 3), datetime.datetime(1, 1, 1), datetime.datetime.max,
                       datetime.datetime(1999, 12, 31, 23, 59, 59, 7, fold=1)):
            yield (value := moment.replace(tzinfo=zone)), value.isoformat()
            yield (value := moment.timetz().replace(tzinfo=zone)), value.isoformat()
        if zone is not None:
            yield zone, str(zone)
    for day in (datetime.date.min, datetime.date(2024, 2, 29), datetime.date.max):
        yield day, day.isoformat()
    for delta in (datetime.timedelta(), 26 * hour, -26 * hour, -hour / 7, datetime.timedelta(microseconds=-1),
                  datetime.timedelta.max, datetime.timedelta.min, datetime.timedelta(days=3),
                  datetime.timedelta(seconds=61, microseconds=500000)):
        yield delta, duration(delta)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    yield berlin, "Europe/Berlin"
    yield datetime.datetime(2020, 7, 1, 12, tzinfo=berlin), "2020-07-01T12:00:00[Europe/Berlin]"
    yield datetime.time(12, 30, tzinfo=berlin), "12:30:00"
    if pytz:
        berlin = pytz.timezone("Europe/Berlin")
        for value in (berlin.localize(datetime.datetime(2020, 7, 1)), berlin.localize(datetime.datetime(2020, 1, 1)),
                      pytz.utc.localize(datetime.datetime(2020, 7, 1)),
                      datetime.datetime(2020, 7, 1, tzinfo=pytz.FixedOffset(-90)),
                      datetime.datetime(2020, 7, 1, tzinfo=dateutil.tz.tzoffset("X", 3600))):
            yield value, value.isoformat()
    shared = datetime.timezone(2 * hour)
    yield [datetime.datetime(2020, 1, n, tzinfo=shared) for n in (1, 2)], ["2020-01-01T00:00:00+02:00", "2020-01-02T00:00:00+02:00"]
    yield {datetime.date(2020, 1, 1): 1}, {"2020-01-01": 1}


class Known(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def check(self, value, said):
        for protocol in PROTOCOLS:
            with self.subTest(repr(value)[:100], protocol=protocol):
                body = pickle.dumps(value, protocol)
                measure = pickle.loads(body)  # protocols below 4 forget fold
                self.assertEqual(said, json.loads(self.server.convert(body, "json", "pickle")))
                for back in (self.server.convert(body, "pickle", "pickle", protocol=protocol),
                             self.server.convert(self.server.convert(body, "typed", "pickle"), "pickle", "typed", protocol=protocol)):
                    self.assertIsNone(difference(measure, pickle.loads(back)))
                    self.assertEqual(repr(measure), repr(pickle.loads(back)))

    def test_times(self):
        for value, said in times():
            self.check(value, said)


if __name__ == "__main__":
    unittest.main()
