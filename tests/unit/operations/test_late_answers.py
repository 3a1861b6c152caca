"""Answers that are late on purpose hold up neither others nor the end of the server."""

import asyncio
from time import monotonic

from kolli.operations.late_answers import MOST, LateAnswers


async def nothing_more():
    await asyncio.Event().wait()


async def hangs_up():
    return {"type": "http.disconnect"}


async def begin(late, count):
    tasks = [asyncio.create_task(late.wait(60, nothing_more)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_an_answer_is_as_late_as_it_was_wanted():
    begun = monotonic()

    assert asyncio.run(LateAnswers().wait(0.05, nothing_more))
    assert monotonic() - begun >= 0.05


def test_who_hangs_up_is_not_waited_for():
    late = LateAnswers()

    assert not asyncio.run(late.wait(60, hangs_up))
    assert not late.is_full


def test_only_so_many_are_late_at_a_time_and_further_ones_come_at_once():
    async def work():
        late = LateAnswers()
        tasks = await begin(late, MOST - 1)
        was_full = late.is_full
        tasks += await begin(late, 1)
        assert (was_full, late.is_full) == (False, True)
        assert await asyncio.wait_for(late.wait(60, nothing_more), 1)
        tasks[0].cancel()
        await asyncio.sleep(0)
        assert not late.is_full
        late.end()
        await asyncio.wait(tasks)

    asyncio.run(work())


def test_all_come_at_once_when_the_server_stops():
    async def work():
        late = LateAnswers()
        tasks = await begin(late, 3)
        late.end()
        assert await asyncio.wait_for(asyncio.gather(*tasks), 1) == [True] * 3
        assert await asyncio.wait_for(late.wait(60, nothing_more), 1)

    asyncio.run(work())
