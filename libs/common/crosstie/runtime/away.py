"""What aiokafka raises where no broker answers, or another producer took over, told in our words.

Each is put around calls of aiokafka alone: what our own code asserts is nobody's absence.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced

from crosstie.errors import BrokerAway, Fenced, in_words

AWAY: Final = (KafkaError, OSError)  # TimeoutError is an OSError
# Whoever needs a coordinator: aiokafka 0.14 asserts that some broker is there, and one whose
# controller has just given it up names none, not even itself.
UNCOORDINATED: Final = (*AWAY, AssertionError)
# Whoever asks where partitions end: aiokafka 0.14 also asserts what a broker says of its versions when
# it connects anew, and looks up the connection on which it waited in vain, which may be gone by then.
_UNANSWERED: Final = (*UNCOORDINATED, KeyError)


@contextlib.contextmanager
def reached(away: tuple[type[Exception], ...] = AWAY) -> Iterator[None]:
    """Raises BrokerAway for `away`."""
    try:
        yield
    except away as error:
        raise BrokerAway(in_words(error)) from error


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Around a question to a client that others use, and may stop. Raises BrokerAway.

    A future of the client's that was cancelled is an answer that does not come; only where the task
    that asks was cancelled, it is.
    """
    with reached(_UNANSWERED):
        try:
            yield
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise BrokerAway("the client gave the question up") from error


@contextlib.contextmanager
def in_transaction(taken: str) -> Iterator[None]:
    """Around the start, transaction and records of a transactional producer.

    Raises Fenced with the words `taken` where another has its id, else BrokerAway. aiokafka's sender
    fails behind one's back; from then on its state is asserted where a transaction begins or ends,
    and `send` is an illegal operation. Whoever gets either throws the producer away.
    """
    with reached((*UNCOORDINATED, IllegalOperation)):
        try:
            yield
        except ProducerFenced as error:
            raise Fenced(taken) from error
