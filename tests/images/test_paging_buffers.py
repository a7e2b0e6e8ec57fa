"""A page of the image list costs the same in a big catalog as in a small one."""

import pytest
from django.db import connection

from benchmarks import paging

SMALL, BIG = 10_000, 100_000


@pytest.mark.postgresql
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="buffers are PostgreSQL's")
def test_every_sort_page_and_indexed_filter_touches_at_most_twice_the_buffers_in_ten_times_the_catalog():
    small, big = paging.measure(SMALL), paging.measure(BIG)

    assert len(small) == len(big) == 96 + 3 * 9 * 2
    assert paging.broken(small, big) == []
