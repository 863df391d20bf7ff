"""What the rules ask before anything runs: names, paths and keys of the DAG, from configuration and tables.

A module for each rule file; a rule's own input functions stand beside the rule and ask here. ``disk`` alone looks at
files of the user's. No job imports this room, and nothing heavy is imported here: every dry run waits for it.
"""

from rbcflow.plan.plan import Plan

__all__ = ["Plan"]
