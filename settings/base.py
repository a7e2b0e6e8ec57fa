"""The composition root: one set of Django settings, made from `VITRINE_*` variables and one optional TOML file."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import django_stubs_ext

from catalog.conf import CatalogConfig
from identity.conf import IdentityConfig
from settings import configuration, databases, folders, logs, secrets
from settings.proxies import TrustedProxies
from settings.sections import AccessConfig, BrokerConfig, DatabaseConfig, HttpConfig, LogConfig

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VITRINE = configuration.load(os.environ)
_catalog: CatalogConfig = VITRINE[CatalogConfig]
_http: HttpConfig = VITRINE[HttpConfig]
DATA_DIR = _catalog.data_dir if _catalog.data_dir.is_absolute() else Path.cwd() / _catalog.data_dir

TRUSTED_PROXIES = TrustedProxies.parse(_catalog.trusted_proxies)
SERVING = Path(sys.argv[0]).name == "manage.py" and sys.argv[1:2] == ["serve"]

SECRET_KEY = secrets.secret_key(DATA_DIR, VITRINE[AccessConfig].secret_key)
if (
    SERVING
):  # several processes count together; the client library wants to know before it is imported
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folders.prepare(DATA_DIR) / "metrics")
    import_module("settings.counters").use()
DEBUG = False
ALLOWED_HOSTS = list(_http.allowed_hosts)
ROOT_URLCONF = "settings.urls"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "identity.User"
DATA_UPLOAD_MAX_MEMORY_SIZE = _catalog.body_limit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
"""The admin's questions name every row that was chosen."""

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_filters",
    "rest_framework",
    "catalog",
    "identity",
    "metadefs",
    "artifacts",
    "images",
    "search",
    "console",
    "settings",
    "settings.adminsite.OperationConfig",
]

MIDDLEWARE = [
    "catalog.api.middleware.RequestIdMiddleware",
    "settings.content_security_policy.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": databases.database(VITRINE[DatabaseConfig], DATA_DIR)}

KEYSTONE = VITRINE[IdentityConfig].backend == "keystone"
AUTHENTICATOR = (
    "identity.keystone.authentication.authenticate"
    if KEYSTONE
    else "identity.authentication.authenticate"
)
JOB_HINT = "catalog.tasks.hint"

# A user's name is unique within a domain, and the backend asks for both.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["identity.backends.PasswordBackend"]
if KEYSTONE:
    AUTHENTICATION_BACKENDS = [
        "identity.keystone.backends.KeystoneBackend",
        "identity.keystone.backends.LocalAdminBackend",
    ]
    MIDDLEWARE.append("identity.keystone.middleware.KeystoneSessionMiddleware")
PASSWORD_HASHERS = ["identity.hashers.Argon2Hasher"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "settings.error_handlers.forged"
# Whoever is reached by TLS is reached by nothing else; without a public address, plain HTTP must do.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = (_catalog.public_url or "").startswith("https://")
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

STATIC_URL = "/static/"
# Files come from the apps' own folders; STATIC_ROOT only matters to who lets a web server hand them out.
STATIC_ROOT = DATA_DIR / "static" if (DATA_DIR / "static").is_dir() else None

REST_FRAMEWORK: dict[str, Any] = {
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
}

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.configuration(
    VITRINE[LogConfig], command=Path(sys.argv[0]).name == "manage.py" and not SERVING
)
CELERY_BROKER = VITRINE[BrokerConfig].url
