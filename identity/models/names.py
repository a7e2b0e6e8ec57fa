"""Domains, projects and roles. `extra` keeps what a client sent beside the known members."""

import uuid

from django.db import models
from django.db.models import Q
from typing_extensions import override

from catalog.fields import JSONField, KeyField

DEFAULT_DOMAIN = "default"


def new_id() -> str:
    return uuid.uuid4().hex


class Domain(models.Model):
    """A name space of users and projects."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    name = KeyField(max_length=64, unique=True)
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    extra = JSONField(default=dict, blank=True)

    @override
    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """What owns things; `parent` is null for a project directly under its domain."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    name = KeyField(max_length=64)
    domain = models.ForeignKey(Domain, models.PROTECT, default=DEFAULT_DOMAIN)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    extra = JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "name"], name="project_name_in_domain"),
        ]
        indexes = [models.Index(fields=["name"], name="project_name")]

    @override
    def __str__(self) -> str:
        return self.name


class ProjectTag(models.Model):
    """A word by which projects are found."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="tags")
    name = KeyField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="project_tag_once"),
        ]
        indexes = [models.Index(fields=["name"], name="project_tag_name")]

    @override
    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A name that policies speak of; roles belong to no domain."""

    id = KeyField(primary_key=True, max_length=64, default=new_id, editable=False)
    name = KeyField(max_length=255, unique=True)
    description = models.TextField(default="", blank=True)
    extra = JSONField(default=dict, blank=True)

    @override
    def __str__(self) -> str:
        return self.name


class RoleImplication(models.Model):
    """Who has `prior` has `implied` too, and what that implies."""

    prior = models.ForeignKey(Role, models.CASCADE, related_name="implications")
    implied = models.ForeignKey(Role, models.CASCADE, related_name="implied_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prior", "implied"], name="implication_once"),
            models.CheckConstraint(
                condition=~Q(prior=models.F("implied")), name="implication_of_another"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.prior} implies {self.implied}"
