"""The permission catalogue, the actions that functions name, and the roles the academy starts with.

Only these names exist in code and answers. An action says which permissions allow it (any one suffices; none for what
ownership, entitlement or publication decides); what a permission, an ownership or an entitlement is worth is said by
``policies/access``, and its schema lists the same actions (a test compares).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class UserType(StrEnum):
    """What kind of account: a type never changes, roles do (AUTH-43)."""

    STUDENT = "STUDENT"
    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"


class Permission(StrEnum):
    """What a role can let its holder do."""

    CONTENT_READ = "content.read"
    CONTENT_MANAGE = "content.manage"
    CMS_CONFIG_WRITE = "cms.config.write"
    CMS_PAGES_PUBLISH = "cms.pages.publish"
    NOTES_READ = "notes.read"
    NOTES_WRITE = "notes.write"
    NOTES_PUBLISH = "notes.publish"
    QUESTIONS_READ = "questions.read"
    QUESTIONS_WRITE = "questions.write"
    QUESTIONS_PUBLISH = "questions.publish"
    TESTS_READ = "tests.read"
    TESTS_WRITE = "tests.write"
    TESTS_PUBLISH = "tests.publish"
    ATTEMPTS_READ = "attempts.read"
    PRINT_GENERATE = "print.generate"
    ANALYTICS_READ = "analytics.read"
    ADMIN_DASHBOARD_READ = "admin.dashboard.read"
    ADMIN_AUDIT_READ = "admin.audit.read"
    ADMIN_PING = "admin.ping"
    ADMIN_MAINTENANCE_BYPASS = "admin.maintenance.bypass"
    DOCS_READ = "docs.read"
    USERS_READ = "users.read"
    USERS_MANAGE = "users.manage"
    USERS_INVITE = "users.invite"
    ACCESS_READ = "access.read"
    ACCESS_MANAGE = "access.manage"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_MANAGE = "payments.manage"
    PAYMENTS_REFUND = "payments.refund"
    PAYMENTS_REFUND_LATE = "payments.refund.late"
    NOTIFICATIONS_READ = "notifications.read"
    NOTIFICATIONS_MANAGE = "notifications.manage"
    SECURITY_READ = "security.read"
    SECURITY_MANAGE = "security.manage"
    COURSES_READ = "courses.read"
    COURSES_WRITE = "courses.write"
    COURSES_PUBLISH = "courses.publish"
    COURSES_MANAGE = "courses.manage"
    FORUM_MODERATE = "forum.moderate"
    REVIEWS_MODERATE = "reviews.moderate"
    CERTIFICATES_MANAGE = "certificates.manage"
    CENTRES_READ = "centres.read"
    CENTRES_MANAGE = "centres.manage"
    CREDITS_MANAGE = "credits.manage"
    CENTRE_STUDENTS_READ = "centre.students.read"
    CENTRE_STUDENTS_MANAGE = "centre.students.manage"
    CENTRE_SEATS_MANAGE = "centre.seats.manage"
    CENTRE_PAYMENTS_READ = "centre.payments.read"
    CENTRE_PAYMENTS_MANAGE = "centre.payments.manage"
    CENTRE_MESSAGES_SEND = "centre.messages.send"
    CENTRE_STAFF_MANAGE = "centre.staff.manage"
    CENTRE_SETTINGS_MANAGE = "centre.settings.manage"
    CENTRE_REPORTS_READ = "centre.reports.read"

    @property
    def inside_centre(self) -> bool:
        """Whether it is held through a centre's membership, never through a role."""
        return self.value.startswith("centre.")


P = Permission

ACADEMY_PERMISSIONS = frozenset(permission for permission in P if not permission.inside_centre)


class Action(NamedTuple):
    """What a function does, as the policies know it.

    ``permissions``: any one of them allows it to staff. ``narrowed``: those of them that a policy ties to more than
    holding them (one's own course). ``centre``: any one of them, held in a centre's membership, allows it inside that
    centre. ``own``: without another resource it is about the caller's own account; with permissions, staff do it about
    themselves without them. ``feature``: the module whose flag can switch it off for students. ``entitlement``: the
    kind of scope that opens it. ``late``: its resource comes with the body, so the use case asks for the decision
    itself (``decisions.require``). ``checkable``: apps may ask beforehand, for padlocks in lists (ACC-14).
    """

    name: str
    permissions: tuple[Permission, ...] = ()
    own: bool = False
    feature: str | None = None
    entitlement: str | None = None
    late: bool = False
    narrowed: tuple[Permission, ...] = ()
    centre: tuple[Permission, ...] = ()
    checkable: bool = False

    @property
    def for_staff(self) -> bool:
        """Whether it belongs to the admin group: only user type ADMIN, only with a permission."""
        return bool(self.permissions)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of actions that it is in, as the policies name them."""
        if self.for_staff:
            alone = () if self.late else tuple(name for name in self.permissions if name not in self.narrowed)
            return ("admin", *(f"permission:{name}" for name in alone))
        if self.centre:
            return ("centre",)
        if self.own:
            return ("own",)
        return ("student",) if self.feature else ()


class Actions:
    """Every action that a function can name."""

    CONTENT_READ = Action("content.read", (P.CONTENT_READ, P.CONTENT_MANAGE))
    CONTENT_MANAGE = Action("content.manage", (P.CONTENT_MANAGE,))
    FILES_UPLOAD = Action(
        "files.upload",
        (
            P.NOTES_WRITE,
            P.PRINT_GENERATE,
            P.QUESTIONS_WRITE,
            P.CONTENT_MANAGE,
            P.COURSES_WRITE,
            P.SECURITY_MANAGE,
            P.PAYMENTS_MANAGE,
        ),
        late=True,
    )
    FILES_CONFIRM = Action("files.confirm", FILES_UPLOAD.permissions, late=True)
    FILES_DELETE = Action("files.delete", FILES_UPLOAD.permissions, late=True)
    FILES_READ = Action(
        "files.read",
        (
            P.CONTENT_READ,
            P.CONTENT_MANAGE,
            P.NOTES_READ,
            *FILES_UPLOAD.permissions[1:3],
            P.COURSES_WRITE,
            P.SECURITY_MANAGE,
            P.PAYMENTS_MANAGE,
        ),
        late=True,
    )
    NOTES_READ = Action("notes.read", (P.NOTES_READ,))
    NOTES_WRITE = Action("notes.write", (P.NOTES_WRITE,))
    NOTES_PUBLISH = Action("notes.publish", (P.NOTES_PUBLISH,))
    PAYMENTS_READ = Action("payments.read", (P.PAYMENTS_READ,))
    PAYMENTS_MANAGE = Action("payments.manage", (P.PAYMENTS_MANAGE,))
    PAYMENTS_REFUND = Action("payments.refund", (P.PAYMENTS_REFUND,))
    SUBSCRIPTIONS_INSPECT = Action("subscriptions.inspect", (P.PAYMENTS_READ, P.USERS_READ))
    ENTITLEMENTS_MANAGE = Action("entitlements.manage", (P.PAYMENTS_MANAGE, P.USERS_MANAGE))
    TESTS_READ = Action("tests.read", (P.TESTS_READ,))
    TESTS_WRITE = Action("tests.write", (P.TESTS_WRITE,))
    TESTS_PUBLISH = Action("tests.publish", (P.TESTS_PUBLISH,))
    ATTEMPTS_READ = Action("attempts.read", (P.ATTEMPTS_READ,))
    PRINT_GENERATE = Action("print.generate", (P.PRINT_GENERATE,))
    COURSES_READ = Action("courses.read", (P.COURSES_READ,))
    COURSES_WRITE = Action("courses.write", (P.COURSES_WRITE, P.COURSES_MANAGE), narrowed=(P.COURSES_WRITE,))
    COURSES_PUBLISH = Action("courses.publish", (P.COURSES_PUBLISH, P.COURSES_MANAGE), narrowed=(P.COURSES_PUBLISH,))
    COURSES_MANAGE = Action("courses.manage", (P.COURSES_MANAGE,))
    CENTRES_READ = Action("centres.read", (P.CENTRES_READ, P.CENTRES_MANAGE))
    CENTRES_MANAGE = Action("centres.manage", (P.CENTRES_MANAGE,))
    DOCS_READ = Action("docs.read", (P.DOCS_READ,))
    USERS_READ = Action("users.read", (P.USERS_READ,))
    USERS_MANAGE = Action("users.manage", (P.USERS_MANAGE,))
    USERS_INVITE = Action("users.invite", (P.USERS_INVITE,))
    ACCESS_READ = Action("access.read", (P.ACCESS_READ,))
    ACCESS_MANAGE = Action("access.manage", (P.ACCESS_MANAGE,))
    ACCESS_REVOKE_EVERYONE = Action("access.revokeEveryone", (P.ACCESS_MANAGE,))
    ADMIN_PING = Action("admin.ping", (P.ADMIN_PING,))
    ADMIN_AUDIT_READ = Action("admin.audit.read", (P.ADMIN_AUDIT_READ,))
    ADMIN_AUDIT_LIST = Action("admin.audit.list", (P.ADMIN_AUDIT_READ,), own=True, late=True)
    SECURITY_READ = Action("security.read", (P.SECURITY_READ,))
    SECURITY_MANAGE = Action("security.manage", (P.SECURITY_MANAGE,))
    SECURITY_READ_LOG = Action("security.readLog", (P.SECURITY_READ, P.ANALYTICS_READ))
    NOTIFICATIONS_READ = Action("notifications.read", (P.NOTIFICATIONS_READ,))
    NOTIFICATIONS_LOG = Action("notifications.log", (P.NOTIFICATIONS_READ, P.ADMIN_AUDIT_READ))
    NOTIFICATIONS_MANAGE = Action("notifications.manage", (P.NOTIFICATIONS_MANAGE,))

    TAXONOMY_BROWSE = Action("taxonomy.browse")
    NOTES_BROWSE = Action("notes.browse", feature="notes", checkable=True)
    NOTES_OPEN = Action("notes.open", feature="notes", entitlement="notes", checkable=True)
    NOTES_PROGRESS = Action("notes.progress", feature="notes", entitlement="notes")
    NOTES_PREVIEW = Action("notes.preview", feature="notes", checkable=True)
    NOTES_PROGRESS_READ = Action("notes.progress.read", own=True)
    TESTS_BROWSE = Action("tests.browse", feature="tests", checkable=True)
    TESTS_ATTEMPT = Action("tests.attempt", feature="tests", entitlement="tests", checkable=True)
    ATTEMPTS_SIT = Action("attempts.sit", own=True)
    ATTEMPTS_REVIEW = Action("attempts.review", own=True)
    PRACTICE_USE = Action("practice.use", feature="practice", entitlement="practice", checkable=True)
    PRACTICE_ANSWER = Action("practice.answer", own=True)
    PRACTICE_PROGRESS_OWN = Action("practice.progress.own", own=True)
    ANALYTICS_OWN = Action("analytics.own", own=True)
    SEARCH_USE = Action("search.use", feature="search", checkable=True)
    ASSETS_FETCH = Action("assets.fetch", late=True)
    PAYMENTS_CHECKOUT = Action("payments.checkout", feature="payments", checkable=True)
    ORDERS_READ = Action("orders.read", own=True, checkable=True)
    SUBSCRIPTIONS_READ = Action("subscriptions.read", own=True)
    PROFILE_READ = Action("profile.read", own=True)
    PROFILE_WRITE = Action("profile.write", own=True)
    PROFILE_DELETE = Action("profile.delete", own=True)
    SESSIONS_MANAGE = Action("sessions.manage", own=True)
    PREFERENCES_MANAGE = Action("preferences.manage", own=True)
    CREDENTIALS_MANAGE = Action("credentials.manage", own=True)
    ACCESS_CHECK = Action("access.check", own=True)

    CENTRE_STUDENTS_READ = Action("centre.students.read", centre=(P.CENTRE_STUDENTS_READ,))
    CENTRE_STUDENTS_MANAGE = Action("centre.students.manage", centre=(P.CENTRE_STUDENTS_MANAGE,))
    CENTRE_SEATS_MANAGE = Action("centre.seats.manage", centre=(P.CENTRE_SEATS_MANAGE,))
    CENTRE_PAYMENTS_READ = Action("centre.payments.read", centre=(P.CENTRE_PAYMENTS_READ,))
    CENTRE_PAYMENTS_MANAGE = Action("centre.payments.manage", centre=(P.CENTRE_PAYMENTS_MANAGE,))
    CENTRE_MESSAGES_SEND = Action("centre.messages.send", centre=(P.CENTRE_MESSAGES_SEND,))
    CENTRE_STAFF_MANAGE = Action("centre.staff.manage", centre=(P.CENTRE_STAFF_MANAGE,))
    CENTRE_SETTINGS_MANAGE = Action("centre.settings.manage", centre=(P.CENTRE_SETTINGS_MANAGE,))
    CENTRE_REPORTS_READ = Action("centre.reports.read", centre=(P.CENTRE_REPORTS_READ,))

    @classmethod
    def all(cls) -> dict[str, Action]:
        """Every action by name."""
        return {action.name: action for action in vars(cls).values() if isinstance(action, Action)}


class DefaultRole(NamedTuple):
    """A role as the seed creates it; ``fixed`` ones cannot be edited."""

    key: str
    name: str
    user_type: UserType
    permissions: frozenset[Permission] = frozenset()
    fixed: bool = False


_CONTENT = frozenset(
    {
        P.CONTENT_READ,
        P.CONTENT_MANAGE,
        P.CMS_CONFIG_WRITE,
        P.CMS_PAGES_PUBLISH,
        P.NOTES_READ,
        P.NOTES_WRITE,
        P.NOTES_PUBLISH,
        P.QUESTIONS_READ,
        P.PRINT_GENERATE,
        P.ANALYTICS_READ,
        P.ADMIN_DASHBOARD_READ,
        P.NOTIFICATIONS_READ,
        P.NOTIFICATIONS_MANAGE,
        P.COURSES_PUBLISH,
        P.COURSES_MANAGE,
        P.REVIEWS_MODERATE,
        P.CERTIFICATES_MANAGE,
    }
)
_TEST = frozenset(
    {
        P.CONTENT_READ,
        P.QUESTIONS_READ,
        P.QUESTIONS_WRITE,
        P.QUESTIONS_PUBLISH,
        P.TESTS_READ,
        P.TESTS_WRITE,
        P.TESTS_PUBLISH,
        P.ATTEMPTS_READ,
        P.PRINT_GENERATE,
        P.ANALYTICS_READ,
        P.ADMIN_DASHBOARD_READ,
    }
)
_FINANCE = frozenset(
    {
        P.ANALYTICS_READ,
        P.ADMIN_DASHBOARD_READ,
        P.USERS_READ,
        P.PAYMENTS_READ,
        P.PAYMENTS_MANAGE,
        P.PAYMENTS_REFUND,
        P.NOTIFICATIONS_READ,
    }
)
_SUPPORT = frozenset(
    {
        P.CONTENT_READ,
        P.ATTEMPTS_READ,
        P.ADMIN_DASHBOARD_READ,
        P.USERS_READ,
        P.USERS_MANAGE,
        P.PAYMENTS_READ,
        P.NOTIFICATIONS_READ,
        P.SECURITY_READ,
    }
)
_SECURITY = frozenset(
    {
        P.ADMIN_DASHBOARD_READ,
        P.USERS_READ,
        P.USERS_MANAGE,
        P.SECURITY_READ,
        P.SECURITY_MANAGE,
        P.ADMIN_AUDIT_READ,
        P.ACCESS_READ,
    }
)
_INSTRUCTOR = frozenset({P.CONTENT_READ, P.COURSES_READ, P.COURSES_WRITE, P.FORUM_MODERATE})

SUPER_ADMIN = "ADMIN_SUPER"
STUDENT_ROLE = "STUDENT"

DEFAULT_ROLES = (
    DefaultRole(SUPER_ADMIN, "Super-admin", UserType.ADMIN, ACADEMY_PERMISSIONS, fixed=True),
    DefaultRole("ADMIN_CONTENT", "Content editor", UserType.ADMIN, _CONTENT),
    DefaultRole("ADMIN_TEST", "Test editor", UserType.ADMIN, _TEST),
    DefaultRole("ADMIN_FINANCE", "Finance", UserType.ADMIN, _FINANCE),
    DefaultRole("ADMIN_SUPPORT", "Support", UserType.ADMIN, _SUPPORT),
    DefaultRole("ADMIN_SECURITY", "Security", UserType.ADMIN, _SECURITY),
    DefaultRole("INSTRUCTOR", "Instructor", UserType.ADMIN, _INSTRUCTOR),
    DefaultRole("CENTRE_OWNER", "Centre owner", UserType.OPERATOR),
    DefaultRole("CENTRE_STAFF", "Centre staff", UserType.OPERATOR),
    DefaultRole(STUDENT_ROLE, "Student", UserType.STUDENT, fixed=True),
)
