"""Django settings. What an operator may change is declared in `config/env.py`."""

from csp.constants import SELF

from config.data_dir import make_data_dir, read_secret_key
from config.env import read_environment

_env = read_environment()

DATA_DIR = make_data_dir(_env["DATA_DIR"])
SECRET_KEY = _env["SECRET_KEY"] or read_secret_key(DATA_DIR)
DEBUG = _env["DEBUG"]
ALLOWED_HOSTS = _env["ALLOWED_HOSTS"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "django_cte",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "interactions",
    "analytics_api",
]

MIDDLEWARE = [
    "config.health.answer_probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Storage

DATABASES = {
    "default": _env["DATABASE_URL"]
    or {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "db.sqlite3")}
}
DATABASES["default"].update(CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A database in memory, Django's choice for tests, has no WAL and no second connection.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that will write takes the write lock at once: upgrading a read lock
        # later fails without waiting. Readers use `dialect.snapshot`, which does not.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # NORMAL is durable against a killed process in WAL mode; the cache is 64 MB.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
        # Temporary tables stay on "disk", which is the page cache: in memory proper they took 10-20 %
        # longer for groups of a thousand rows and of a million.
        " PRAGMA mmap_size=268435456;"
        # A row that INSERT OR REPLACE deletes leaves a dirty mark like any other.
        " PRAGMA recursive_triggers=ON;",
    }
else:
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    # Compiling these queries to machine code costs more than it saves (measured at 10 M rows).
    _options["options"] = f"{_options.get('options', '')} -c jit=off".strip()
    _options.setdefault("connect_timeout", "5")
    _options.setdefault("application_name", "interaction-analytics")
# The same rows as columns (`interactions.columnar`); read by questions alone.
DATABASES["columnar"] = {"ENGINE": "interactions.columnar.backend", "NAME": "columnar", "CONN_MAX_AGE": None}
DATABASE_ROUTERS = ["interactions.columnar.router.ColumnarRouter"]
QUERY_ENGINE = _env["QUERY_ENGINE"]
COLUMNAR_MEMORY_MB = _env["COLUMNAR_MEMORY_MB"]
COLUMNAR_THREADS = _env["COLUMNAR_THREADS"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Time and language: everything is stored and answered in UTC.

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# Pages

STATIC_URL = "static/"
# Straight from the packages: there is no collecting step to forget, and no STATIC_ROOT.
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Security

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SAMESITE = "Strict"
if _env["HTTPS"]:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # A redirected POST loses its body. The page that asks for a key is not among them.
    SECURE_REDIRECT_EXEMPT = [r"^api/external/", r"^event-ingestion/"]
    SECURE_HSTS_SECONDS = 31_536_000
    # Whether other hosts of the domain speak HTTPS is not for this server to say.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
CORS_ALLOW_ALL_ORIGINS = "*" in _env["CORS_ORIGINS"]
CORS_ALLOWED_ORIGINS = [origin for origin in _env["CORS_ORIGINS"] if origin != "*"]
CORS_ALLOW_HEADERS = [
    "authorization", "content-type", "accept", "x-api-key", "content-encoding", "idempotency-key",
]  # fmt: skip
CORS_URLS_REGEX = r"^/(api/external|event-ingestion/api|v1)/"
# Asked in analytics_api.cors, because the library has one list of origins for all addresses.
INGEST_CORS_ORIGINS = _env["INGEST_CORS_ORIGINS"]

# The API

MAX_BODY_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = _env["MAX_BODY_BYTES"]
MAX_PAGE_SIZE = _env["MAX_PAGE_SIZE"]
STATEMENT_TIMEOUT_MS = _env["STATEMENT_TIMEOUT_MS"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["analytics_api.authentication.ProjectKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["analytics_api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["analytics_api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["analytics_api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "analytics_api.openapi.ApiSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "analytics_api.renderers.AlwaysJSON",
    # OPTIONS describes nothing that the OpenAPI document does not.
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "analytics_api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["analytics_api.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Interaction analytics",
    "DESCRIPTION": "Questions about the interactions between people and an LLM product.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/api/external"}],
    "SCHEMA_PATH_PREFIX": "/api/external",
    "SCHEMA_PATH_PREFIX_TRIM": True,
    # Ours is the order in which people read.
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["analytics_api.openapi.described_endpoints"],
    "POSTPROCESSING_HOOKS": ["analytics_api.openapi.complete_document"],
}

# What is recorded

ANONYMIZE_PHONE_REGIONS = _env["ANONYMIZE_PHONE_REGIONS"]
# The feedback type of each action (contract 8); a rating's depends on its value.
FEEDBACK_TYPES = {
    "thumbs_up": "positive_explicit",
    "thumbs_down": "negative_explicit",
    "copy_output": "positive_implicit",
    "regenerate": "negative_implicit",
    "edit": "negative_implicit",
    "rating": {
        1: "negative_explicit",
        2: "negative_explicit",
        4: "positive_explicit",
        5: "positive_explicit",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _env["LOG_LEVEL"]},
    # A refused request is the client's affair and is not worth a warning a line.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
