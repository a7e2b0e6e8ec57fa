"""Identity v3 under `/identity`."""

from django.urls import path, re_path

from identity.api.v3.base import NothingHere
from identity.api.v3.views import (
    auth,
    catalog,
    credentials,
    domains,
    grants,
    projects,
    regions,
    roles,
    users,
    versions,
)

_GRANTS = tuple(
    pattern
    for target in ("projects/<str:project_id>", "domains/<str:domain_id>", "system")
    for pattern in (
        path(f"v3/{target}/users/<str:user_id>/roles", grants.GrantsView.as_view()),
        path(f"v3/{target}/users/<str:user_id>/roles/<str:role_id>", grants.GrantView.as_view()),
    )
)

urlpatterns = [
    path("", versions.VersionsView.as_view()),
    path("v3", versions.VersionView.as_view()),
    path("v3/", versions.VersionView.as_view()),
    path("v3/auth/tokens", auth.TokensView.as_view()),
    path("v3/auth/catalog", auth.AuthCatalogView.as_view()),
    path("v3/auth/projects", auth.AuthProjectsView.as_view()),
    path("v3/auth/domains", auth.AuthDomainsView.as_view()),
    path("v3/auth/system", auth.AuthSystemView.as_view()),
    path("v3/domains", domains.DomainsView.as_view()),
    path("v3/domains/<str:domain_id>", domains.DomainView.as_view()),
    path("v3/projects", projects.ProjectsView.as_view()),
    path("v3/projects/<str:project_id>", projects.ProjectView.as_view()),
    path("v3/projects/<str:project_id>/tags", projects.ProjectTagsView.as_view()),
    path("v3/projects/<str:project_id>/tags/<name:tag>", projects.ProjectTagView.as_view()),
    path("v3/users", users.UsersView.as_view()),
    path("v3/users/<str:user_id>", users.UserView.as_view()),
    path("v3/users/<str:user_id>/password", users.UserPasswordView.as_view()),
    path("v3/users/<str:user_id>/projects", users.UserProjectsView.as_view()),
    path("v3/users/<str:user_id>/application_credentials", credentials.CredentialsView.as_view()),
    path(
        "v3/users/<str:user_id>/application_credentials/<str:credential_id>",
        credentials.CredentialView.as_view(),
    ),
    path("v3/users/<str:user_id>/access_rules", credentials.AccessRulesView.as_view()),
    path("v3/users/<str:user_id>/access_rules/<str:rule_id>", credentials.AccessRuleView.as_view()),
    path("v3/users/<str:user_id>/groups", catalog.NoGroupsView.as_view()),
    path("v3/groups", catalog.NoGroupsView.as_view()),
    path("v3/roles", roles.RolesView.as_view()),
    path("v3/roles/<str:role_id>", roles.RoleView.as_view()),
    path("v3/roles/<str:prior_id>/implies", roles.ImpliedRolesView.as_view()),
    path("v3/roles/<str:prior_id>/implies/<str:implied_id>", roles.ImpliedRoleView.as_view()),
    path("v3/role_inferences", roles.RoleInferencesView.as_view()),
    path("v3/role_assignments", grants.RoleAssignmentsView.as_view()),
    *_GRANTS,
    path("v3/services", catalog.ServicesView.as_view()),
    path("v3/services/<str:service_id>", catalog.ServiceView.as_view()),
    path("v3/endpoints", catalog.EndpointsView.as_view()),
    path("v3/endpoints/<str:endpoint_id>", catalog.EndpointView.as_view()),
    path("v3/regions", regions.RegionsView.as_view()),
    path("v3/regions/<name:region_id>", regions.RegionView.as_view()),
    re_path(r"^.*$", NothingHere.as_view()),
]
