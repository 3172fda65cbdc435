"""The collector rests while asked to, and is afterwards as it was before, whatever went wrong."""

import gc

import pytest

from cutover.core.unswept import unswept


def test_it_rests_and_works_again_afterwards():
    with pytest.raises(ValueError, match="odd"), unswept():  # noqa: PT012  both are what is tested
        assert not gc.isenabled()
        raise ValueError("odd")
    assert gc.isenabled()


def test_where_it_rests_already_it_goes_on_resting():
    with unswept():
        with unswept():
            pass
        assert not gc.isenabled()
