"""Request under the names that Japronto's users import: `from japronto.request import HttpRequest`.

Knows a name; what it stands for is `japy/core/request.py`.
"""

from japy.core.request import Request

HttpRequest = Request
