import itertools

import pytest

from scbsim.studies.boundary.search import Bracket, bracket, guess


@pytest.mark.parametrize("size", [1, 2, 3, 7, 30, 100])
def test_finds_the_change_from_every_start_and_asks_each_place_once(size):
    for change, start in itertools.product(range(size + 1), range(-3, size + 3)):
        asked = []

        def succeeds(place, change=change, asked=asked):
            asked.append(place)
            return place >= change

        assert bracket(succeeds, size, start) == Bracket(change - 1, change)
        assert len({*asked}) == len(asked)
        assert all(0 <= place < size for place in asked)


def test_a_good_guess_saves_calls():
    def calls(start):
        asked = []
        bracket(lambda place: asked.append(place) or place >= 150, 300, start)
        return len(asked)

    assert calls(150) <= 4 < 12 <= calls(0)


def test_without_order_it_ends_at_a_change():
    answers = [False, True, False, False, True, False, True, True]
    for start in range(len(answers)):
        low, high = bracket(answers.__getitem__, len(answers), start)
        assert high - low == 1
        assert low < 0 or not answers[low]
        assert high == len(answers) or answers[high]


def test_the_guess_continues_the_line():
    assert guess([], [0.0, 1.0]) == 0
    assert guess([7], [0.0, 1.0]) == 7
    assert guess([7, 10], [0.0, 1.0, 3.0]) == 16
    assert guess([None, 7, None], [0.0, 1.0, 2.0, 3.0]) == 7
