"""How Sphinx builds the documentation: ``./bleep docs``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from bleepstore import __version__

project = "BleepStore"
author = "the BleepStore authors"
version = release = __version__
extensions = ["generated"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "An S3-compatible object store",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_show_sourcelink = False
nitpicky = True
