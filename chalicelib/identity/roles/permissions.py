"""The permission catalogue as people read it (ACC-01)."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, Permission, UserType
from chalicelib.platform.errors import ValidationFailed, problem

P = Permission

SENSITIVE = frozenset(
    str(name)
    for name in (P.ACCESS_MANAGE, P.USERS_INVITE, P.PAYMENTS_REFUND, P.PAYMENTS_REFUND_LATE, P.SECURITY_MANAGE)
)
"""Adding one of these to a role is mailed to all super-admins (ACC-54)."""

DESCRIPTIONS: dict[Permission, str] = {
    P.CONTENT_READ: "See drafts of subjects, topics, tags, banners and pages; search as staff",
    P.CONTENT_MANAGE: "Create and change subjects, topics, tags, banners, announcements, home sections and pages; "
    "fetch any asset",
    P.CMS_CONFIG_WRITE: "Draft, change and publish configuration keys",
    P.CMS_PAGES_PUBLISH: "Publish and unpublish pages",
    P.NOTES_READ: "See draft notes and open any note's content as staff",
    P.NOTES_WRITE: "Create and change notes, upload note files, list drafts",
    P.NOTES_PUBLISH: "Publish and unpublish notes",
    P.QUESTIONS_READ: "See drafts of questions and their answers",
    P.QUESTIONS_WRITE: "Create, change and import questions, upload their images",
    P.QUESTIONS_PUBLISH: "Publish questions",
    P.TESTS_READ: "See drafts of tests",
    P.TESTS_WRITE: "Create and change tests",
    P.TESTS_PUBLISH: "Publish and unpublish tests",
    P.ATTEMPTS_READ: "See attempts and results of any student",
    P.PRINT_GENERATE: "Make, see, retry, cancel and download print jobs",
    P.ANALYTICS_READ: "See analytics, coverage and the practice overview",
    P.ADMIN_DASHBOARD_READ: "See the dashboard's summary",
    P.ADMIN_AUDIT_READ: "Explore the audit trail",
    P.ADMIN_PING: "Ask whether the admin side answers",
    P.ADMIN_MAINTENANCE_BYPASS: "Work while the academy is being maintained",
    P.DOCS_READ: "Read the documentation of the interface",
    P.USERS_READ: "See lists, profiles and exports of users",
    P.USERS_MANAGE: "Block, sign out everywhere, reset passwords and factors, correct profiles",
    P.USERS_INVITE: "Invite staff and operators",
    P.ACCESS_READ: "See roles and who holds them; ask why something was allowed or refused",
    P.ACCESS_MANAGE: "Edit roles and assign them",
    P.PAYMENTS_READ: "See orders, transactions, events and subscriptions, and export them",
    P.PAYMENTS_MANAGE: "Manage plans and coupons, finalize orders, grant and revoke entitlements by hand, reconcile",
    P.PAYMENTS_REFUND: "Refund within the refund window",
    P.PAYMENTS_REFUND_LATE: "Refund after the window",
    P.NOTIFICATIONS_READ: "See the message log",
    P.NOTIFICATIONS_MANAGE: "Edit templates, send broadcasts, send again",
    P.SECURITY_READ: "See the access log, signals and people's security profile",
    P.SECURITY_MANAGE: "Revoke view sessions, ban, trace watermarks, work on leak cases",
    P.COURSES_READ: "See drafts of courses",
    P.COURSES_WRITE: "Author own courses",
    P.COURSES_PUBLISH: "Publish own courses",
    P.COURSES_MANAGE: "Approve, change and moderate anyone's courses",
    P.FORUM_MODERATE: "Moderate the forum",
    P.REVIEWS_MODERATE: "Moderate reviews",
    P.CERTIFICATES_MANAGE: "Issue and revoke certificates",
    P.CENTRES_READ: "See study centres",
    P.CENTRES_MANAGE: "Create, suspend and provision study centres",
    P.CREDITS_MANAGE: "Allocate message credits to study centres",
    P.CENTRE_STUDENTS_READ: "See a centre's students",
    P.CENTRE_STUDENTS_MANAGE: "Manage a centre's students",
    P.CENTRE_SEATS_MANAGE: "Manage a centre's seats",
    P.CENTRE_PAYMENTS_READ: "See a centre's payments",
    P.CENTRE_PAYMENTS_MANAGE: "Manage a centre's payments",
    P.CENTRE_MESSAGES_SEND: "Send a centre's messages",
    P.CENTRE_STAFF_MANAGE: "Manage a centre's staff",
    P.CENTRE_SETTINGS_MANAGE: "Change a centre's settings",
    P.CENTRE_REPORTS_READ: "See a centre's reports",
}


def area_of(name: Permission) -> str:
    """What a permission is about: the first part of its name."""
    return name.value.partition(".")[0]


def user_type_of(name: Permission) -> UserType:
    """Whose it is: staff's, or that of operators, who hold theirs inside a centre, by membership alone."""
    return UserType.OPERATOR if name.inside_centre else UserType.ADMIN


def check_names(user_type: str, **given: Sequence[str]) -> None:
    """422 for every name that a role of that user type cannot have; ``given``: by the body's member."""
    known = {name.value for name in Permission}
    found = []
    for member, names in given.items():
        for place, name in enumerate(names):
            field = f"body.{member}[{place}]"
            if name not in known:
                found.append(problem(field, "UNKNOWN_PERMISSION", "there is no such permission"))
            elif user_type != UserType.ADMIN or name not in ACADEMY_PERMISSIONS:
                found.append(problem(field, "WRONG_USER_TYPE", "is no permission of roles of this user type"))
    if found:
        raise ValidationFailed(found)
