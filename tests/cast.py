"""A fixed cast, so that a permission test is one line."""

from dataclasses import dataclass

from reviewapp.accounts.models import Person

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Cast:
    """Ana and Mo moderate, Sam is senior, Bo writes policies, Cy approves them, Au audits, Ad is admin."""

    ana: Person
    mo: Person
    sam: Person
    bo: Person
    cy: Person
    au: Person
    ad: Person

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter((self.ana, self.mo, self.sam, self.bo, self.cy, self.au, self.ad))


ROLES = {
    "ana": ["moderator"],
    "mo": ["moderator"],
    "sam": ["senior"],
    "bo": ["policy_author"],
    "cy": ["policy_approver"],
    "au": ["auditor"],
    "ad": ["admin"],
}


def gather() -> Cast:
    """Put the cast into the database. Only browser tests type the password, so hashing is left to them."""
    people = {
        key: Person.objects.create(
            email=f"{key}@example.com",
            name=key.title(),
            pseudonym=f"reviewer-{key}",
            roles=roles,
            password="!",
        )
        for key, roles in ROLES.items()
    }
    return Cast(**people)
