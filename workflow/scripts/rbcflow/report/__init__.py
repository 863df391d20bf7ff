"""The one page a reader opens: rule ``render_report`` collects what the stages left in files and renders it with Jinja2.

``records`` reads provenance, ``stages`` and ``runs`` turn folders into plain data, ``figures`` and ``pictures`` embed what was
drawn, ``page`` puts them together, ``build`` renders. Nothing is computed here that an earlier stage has not written.
"""
