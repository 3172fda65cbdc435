"""Identifiers sort by time, to the millisecond."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cutover.core.ids import IdFactory, uuid7

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
ENTROPY = st.binary(min_size=10, max_size=10)


@given(MOMENTS, ENTROPY, ENTROPY)
def test_a_later_millisecond_sorts_later_whatever_the_entropy(at, one, other):
    assert str(uuid7(at, one)) < str(uuid7(at + timedelta(milliseconds=1), other))


@given(MOMENTS, ENTROPY)
def test_it_is_a_version_7_uuid(at, entropy):
    made = uuid7(at, entropy)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_the_factory_takes_its_time_and_its_entropy_from_outside(clock):
    make = IdFactory(clock, bytes)
    assert make() == make()
    assert int(UUID(make()).hex[:12], 16) == int(clock.now().timestamp() * 1000)
