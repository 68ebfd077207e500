"""Defects of the matcher: rules of suggestions, fairness, exploration, explanations."""

from __future__ import annotations

from tests.mutants.defect import COMMON, defect

MATCHING = f"{COMMON}/matching"
MARKET = f"{MATCHING}/market.py"
SETTLE = f"{MATCHING}/settle.py"
STEP = "tests/unit/matching/test_step.py::"
STEP_MENTORING = "tests/unit/matching/test_step_mentoring.py::"
STEP_RULES = "tests/unit/matching/test_step_rules.py::"

DEFECTS = (
    defect(
        "capacity check skipped",
        f"{STEP_RULES}test_no_round_breaks_a_rule",
        (MARKET, "np.where(ready, np.maximum(most - taken, 0), 0)", "np.where(ready, most, 0)"),
    ),
    defect(
        "paused people suggested",
        f"{STEP}test_nobody_is_introduced_when",
        (MARKET, "ready = people.eligible & people.available", "ready = people.available"),
    ),
    defect(
        "cool-down skipped",
        f"{STEP}test_a_pair_rests_for_the_cool_down_after_its_last_change",
        (MARKET, "            cooling(people, ledger, at - policy.cool_down_days * DAY_US),\n", ""),
    ),
    defect(
        "blocked people suggested",
        f"{STEP}test_nobody_is_introduced_when",
        (MARKET, "            graph.blocked,\n", ""),
    ),
    defect(
        "line managers suggested",
        f"{STEP}test_nobody_is_introduced_when",
        (MARKET, "            keys_of(reports, people.manager[reports], size),\n", ""),
    ),
    defect(
        "known people introduced",
        f"{STEP}test_nobody_is_introduced_when",
        (
            f"{MATCHING}/choosing.py",
            "candidates.ruled_out(np.concatenate([never, market.met]), len(market.people))",
            "candidates.ruled_out(never, len(market.people))",
        ),
    ),
    defect(
        "what was said to be met forgotten",
        f"{STEP}test_those_who_met_by_a_suggestion_stay_met_when_the_answer_is_long_gone",
        (
            MARKET,
            "    yield from ledger.met if serve is None else pairs_with(ledger.acquainted, serve)\n",
            "",
        ),
    ),
    defect(
        "a pair introduced and mentored at once",
        f"{STEP_MENTORING}test_a_pair_gets_a_mentoring_or_an_introduction_never_both",
        (
            f"{MATCHING}/choosing.py",
            "never = np.concatenate([market.never, taken_keys])",
            "never = market.never",
        ),
    ),
    defect(
        "mentees beyond the slots offered",
        "tests/unit/matching/test_assignment.py::"
        "test_mentoring_equals_the_optimum_found_by_brute_force",
        (
            f"{MATCHING}/assignment.py",
            "slot_of = np.repeat(np.arange(nodes[1]), slots_right[active_right])",
            "slot_of = np.repeat(np.arange(nodes[1]), slots_right[active_right] + 1)",
        ),
    ),
    defect(
        "a mentoring that holds no slot",
        "tests/unit/matching/test_pacing.py::"
        "test_a_mentoring_holds_a_slot_on_both_sides_from_its_suggestion",
        (
            f"{MATCHING}/pacing.py",
            'if suggestion.kind == "mentoring":',
            'if suggestion.kind == "mentoring" and suggestion.state == "accepted":',
        ),
    ),
    defect(
        "level gap ignored",
        f"{STEP_MENTORING}test_there_is_no_mentoring_when",
        (
            f"{MATCHING}/mentoring.py",
            "(np.abs(above) >= near) & (np.abs(above) <= far)",
            "(above != 0)",
        ),
        (  # nor is it heeded where candidates are looked for
            f"{MATCHING}/mentoring.py",
            "np.asarray(known & (levels >= own + low) & (levels <= own + high))",
            "np.asarray(known & (low <= high))",
        ),
    ),
    defect(
        "wishes of one side only",
        f"{STEP_MENTORING}test_there_is_no_mentoring_when",
        (
            f"{MATCHING}/mentoring.py",
            "self.looks_across[mentor] & self.looks_across[mentee],",
            "self.looks_across[mentor] | self.looks_across[mentee],",
        ),
        (
            f"{MATCHING}/mentoring.py",
            "(self.wants & self.looks_across, self.offers & self.looks_across, (0, 0)),",
            "(self.wants, self.offers, (0, 0)),",
        ),
    ),
    defect(
        "seniors flooded",
        f"{STEP_MENTORING}test_a_senior_who_declines_is_not_flooded_with_mentees",
        (
            MARKET,
            "left = np.maximum(policy.mentoring.most_a_week - mentored, 0)",
            "left = np.maximum(policy.mentoring.most_a_week - 0 * mentored, 0)",
        ),
    ),
    defect(
        "lowered capacity withdraws nothing",
        "tests/unit/matching/test_settle.py::"
        "test_lowered_capacity_withdraws_the_newest_unanswered_first",
        (
            f"{MATCHING}/overfull.py",
            "        return []\n    unanswered",
            "        return []\n    over = 0\n    unanswered",
        ),
    ),
    defect(
        "a block leaves what both accepted",
        "tests/unit/matching/test_settle.py::test_a_block_withdraws_even_what_both_accepted",
        (
            SETTLE,
            "    if network.blocked(one, other):",
            '    if network.blocked(one, other) and suggestion.state == "open":',
        ),
    ),
    defect(
        "an answer after the end counts",
        "tests/unit/matching/test_settle.py::"
        "test_what_comes_after_a_decline_changes_nothing_and_is_counted",
        (
            SETTLE,
            "            if suggestion.state in FINAL:\n                return",
            "            pass",
        ),
    ),
    defect(
        "answers of strangers count",
        "tests/unit/matching/test_settle.py::"
        "test_answers_about_unknown_suggestions_and_from_strangers_are_counted",
        (
            f"{MATCHING}/unheeded.py",
            "if set(known.members) != pair or reply.by not in known.members:",
            "if False:",
        ),
    ),
    defect(
        "ties of worth broken by the order of the input",
        f"{STEP_RULES}test_shuffled_input_gives_the_same_bytes",
        (f"{COMMON}/network/view.py", "tuple(sorted(self.members))", "tuple(self.members)"),
    ),
    defect(
        "another's private need told",
        "tests/unit/matching/test_explain.py::test_no_other_need_is_told_to_anyone",
        (
            f"{MATCHING}/explain.py",
            "    return [gift for gift in said if gift]",
            "    return [*(gift for gift in said if gift), *giver.needs.values()]",
        ),
    ),
    defect(
        "whoever did not consent named as a mutual contact",
        f"{STEP}test_whoever_did_not_consent_is_never_named_as_a_mutual_contact",
        (
            f"{MATCHING}/graph.py",
            "~columns.blocked & eligible[one] & eligible[other]",
            "~columns.blocked",
        ),
    ),
    defect(
        "a block told from a decline",
        "tests/unit/matching/test_why.py::test_nobody_tells_a_block_from_a_decline",
        (
            f"{MATCHING}/why.py",
            "others = people.eligible & (people.manager != me)",
            "others = people.eligible & ~_partners(trade.graph.blocked, me, len(people))",
        ),
    ),
)
