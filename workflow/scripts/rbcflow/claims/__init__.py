"""The claims table: every sentence and printed value of the preprint, with a verdict (rule ``evaluate_claims``).

``statements`` reads the sentences, ``statistics`` counts what tests them, ``power`` tries the tests on simulated data
of known truth, ``readings`` are values typed in by hand, ``sentences``, ``values`` and ``pictures`` make the rows,
``table`` puts them together.
"""
