"""Tables of people and keys."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from reviewapp.ids import new_id


class People(BaseUserManager["Person"]):
    """The door that the sign-in library uses to find and make people."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Make one person; without a password they cannot sign in."""
        person = self.model(email=self.normalize_email(email), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in. Roles are a set; `pseudonym` is the only name that leaves the product."""

    content_free: ClassVar = (
        "email", "name", "pseudonym", "roles", "theme", "time_zone", "password", "preferences",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.TextField(default="", blank=True)
    pseudonym = models.TextField(unique=True, db_collation="C")
    roles = ArrayField(models.TextField(), default=list)
    is_active = models.BooleanField(default=True)
    theme = models.TextField(default="system")
    time_zone = models.TextField(default="UTC")
    cleared_restricted = models.BooleanField(default=False)
    preferences = models.JSONField(default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="accounts_person_email"),)

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """One or two letters for the avatar."""
        words = (self.name or self.email.partition("@")[0]).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class ApiKey(models.Model):
    """A key for programs: found by its prefix, proved by SHA-256 of the whole; the key itself is shown once."""

    content_free: ClassVar = ("name", "prefix", "scopes", "sources")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField()
    prefix = models.TextField(unique=True, db_collation="C")
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.TextField(), default=list)
    sources = ArrayField(models.TextField(), default=list, blank=True)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)


class Notice(models.Model):
    """Something a person should know: a kind from a closed list, the id and name of what it is about, and how often."""

    content_free: ClassVar = ("kind", "name")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    kind = models.TextField(db_collation="C")
    about = models.UUIDField(null=True)
    name = models.TextField(default="", db_default="", blank=True)
    count = models.PositiveIntegerField(default=1, db_default=1)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["person", "read_at", "at"], name="accounts_notice_person"),)
