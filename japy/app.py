"""Application under the name that Japronto's users import: `from japronto.app import Application`.

Knows a name; what it stands for is `japy/application/app.py`.
"""

from japy.application.app import Application as Application
