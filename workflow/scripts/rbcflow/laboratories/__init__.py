"""One folder a laboratory: what it is, how its files are read, and how they are simulated and made into test sets.

``laboratory.py`` has an object of class ``sources.laboratory.Laboratory``, ``reader.py`` reads the files,
``phantom.py`` simulates recordings where that is possible, and ``testsets.py`` has a function ``build_<kind>`` for each
kind of test set. No other room imports this one: they ask ``sources.laboratories`` by a layout's name, and so they do
for laboratories from outside the package.
"""

NAMES = ("nouaman2024", "naples", "kihm2018", "liang2024", "crops", "yolo_folder", "flow_public")
"""The folders, named after their layouts, in the order of tables and of what is simulated for practice."""
