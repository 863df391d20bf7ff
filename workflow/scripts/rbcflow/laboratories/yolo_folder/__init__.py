"""Folders of pictures with boxes, as Ultralytics reads them; no phantom simulates one."""
