# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import signal

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome


def fail(message):
    raise OSError(message)


def test_equal_texts_are_no_change():
    outcome = Outcome()
    outcome.note('/etc/x', 'same', 'same')
    assert (outcome.changed, outcome.diff) == (False, [])


def test_a_change_is_a_diff_whose_texts_end_in_a_newline_unless_there_is_none():
    outcome = Outcome()
    outcome.note('/etc/x', '', 'new')
    assert outcome.changed
    assert outcome.diff == [{'before_header': '/etc/x', 'before': '', 'after_header': '/etc/x', 'after': 'new\n'}]


def test_what_is_included_adds_to_what_was_there():
    whole, part = Outcome(a=1), Outcome(b=2)
    part.note('/etc/x', 'old', 'new')
    part.warnings.append('beware')
    whole.include(part)
    whole.include(Outcome(c=3))
    assert (whole.changed, len(whole.diff), whole.warnings, whole.facts) == (True, 1, ['beware'], {'a': 1, 'b': 2, 'c': 3})


def test_a_failing_block_is_taken_back_last_to_first_and_its_error_goes_on():
    outcome, steps = Outcome(), []
    with pytest.raises(KeyError), outcome.all_or_nothing():
        outcome.undo.extend([lambda: steps.append('first'), lambda: steps.append('second')])
        raise KeyError('x')
    assert steps == ['second', 'first']


def test_an_undo_that_fails_keeps_no_other_from_being_taken_and_is_told_beside_the_error():
    outcome, steps = Outcome(), []
    with pytest.raises(NodeError, match=r'^The disk is full. Besides, this could not be taken back: gone$'), outcome.all_or_nothing():
        outcome.undo.extend([lambda: steps.append('first'), lambda: fail('gone'), lambda: steps.append('last')])
        raise NodeError('The disk is full.')
    assert steps == ['last', 'first']


def test_a_block_that_succeeds_can_still_be_taken_back_by_the_one_around_it():
    whole, part, steps = Outcome(), Outcome(), []
    with pytest.raises(NodeError), whole.all_or_nothing():
        with part.all_or_nothing():
            part.undo.append(lambda: steps.append('undone'))
        whole.include(part)
        raise NodeError('x')
    assert steps == ['undone']


def test_a_stop_that_comes_while_it_is_settled_leaves_nothing_untidied():
    done = []
    outcome = Outcome()
    outcome.cleanup.extend([lambda: done.append('tidied'), lambda: os.kill(os.getpid(), signal.SIGINT)])
    with pytest.raises(KeyboardInterrupt):
        outcome.settle()
    assert done == ['tidied']


def test_what_is_settled_is_cleaned_up_once_and_not_taken_back():
    whole, part, steps = Outcome(), Outcome(), []
    part.undo.append(lambda: steps.append('undone'))
    part.cleanup.append(lambda: steps.append('cleaned'))
    whole.include(part)
    whole.settle()
    whole.settle()
    assert (steps, whole.take_back()) == (['cleaned'], [])
