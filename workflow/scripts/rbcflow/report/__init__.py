"""The one page a reader opens: rule ``render_report`` collects what the stages left in files and renders it.

``records`` reads provenance, ``stages``, ``runs`` and ``timings`` turn folders into plain data, ``figures`` and
``pictures`` embed what was drawn, ``page`` puts them together, ``build`` renders. No number is computed here but sums
and shares of what an earlier stage has written.
"""
