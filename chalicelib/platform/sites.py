"""Where people are sent: the front ends' addresses, and what the academy is called."""

from __future__ import annotations

from chalicelib.platform import settings

FRONTEND_URL = settings.text("FRONTEND_URL", default="http://localhost:3000")
ADMIN_URL = settings.text("ADMIN_URL", default="http://localhost:3000/admin")
ACADEMY_NAME = settings.text("ACADEMY_NAME", default="Pathshala")
