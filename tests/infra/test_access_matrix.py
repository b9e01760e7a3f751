"""The page of who reaches what follows from declarations and default roles."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.catalogue import DEFAULT_ROLES
from infra.package import access_matrix


@pytest.mark.rule("ACC-13", "ACC-59")
def test_the_page_names_every_guarded_endpoint_and_the_roles_of_each_permission() -> None:
    page = access_matrix.page()
    for row in access_matrix.rows():
        assert f"| `{row.method} {row.path}` | `{row.action}` |" in page
    assert (
        "| `POST /v1/admin/notes/{noteId}/publish` | `notes.publish` | `notes.publish` | ADMIN_CONTENT, ADMIN_SUPER |"
        in page
    )
    assert "| `POST /v1/payments/checkout` | `payments.checkout` | – | STUDENT |" in page
    [line] = [one for one in page.splitlines() if one.startswith("| `payments.refund.late` |")]
    assert line.count("✓") == sum("payments.refund.late" in role.permissions for role in DEFAULT_ROLES) == 1


@pytest.mark.rule("ACC-13")
def test_the_committed_page_is_current() -> None:
    assert not access_matrix.outdated(), "run make docs"
