"""Every setting, and the only reader of the environment. `.env.example` documents each name."""

from __future__ import annotations

import sys
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from config import environment, logs
from config.admin_theme import UNFOLD as UNFOLD  # the theme reads it here
from config.demonstration import settings_file
from config.environment import BASE_DIR
from config.error_reports import start_error_reports
from config.weak_settings import refuse_weak

IS_DEMONSTRATION_COMMAND = sys.argv[1:2] == ["demo"]
# The demonstration has its own file. As with any file, the environment overrides it.
ENV_FILE = settings_file(BASE_DIR) if IS_DEMONSTRATION_COMMAND else None
env = environment.read(ENV_FILE)
DATABASE_URL_WAS_SET = environment.is_set("DATABASE_URL") or environment.is_set("DB_NAME")
environment.export(env)


def _required(name: str, *, while_debugging: str) -> str:
    """The value of a setting that is required unless DEBUG is on."""
    return env.str(name, default="") or while_debugging if DEBUG else env.required(name)


# --- the core -----------------------------------------------------------------

DEBUG = env.switch("DEBUG")
SECRET_KEY = _required("SECRET_KEY", while_debugging="insecure-and-only-for-debugging")
FIELD_ENCRYPTION_KEYS = [
    key.strip()
    for key in _required("FIELD_ENCRYPTION_KEYS", while_debugging="aW5zZWN1cmUtYW5kLW9ubHktZm9yLWRlYnVnZ2luZyE=").split(
        ","
    )
    if key.strip()
]
DIGEST_KEY = env.str("DIGEST_KEY", default="")
if 0 < len(DIGEST_KEY) < 32:
    raise ImproperlyConfigured(f"DIGEST_KEY has {len(DIGEST_KEY)} characters. Make one as .env.example says.")
PUBLIC_URL = env.word("PUBLIC_URL").rstrip("/")
_public = env.url_parts("PUBLIC_URL")
IS_HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
if not ALLOWED_HOSTS:
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *([_public.hostname] if _public.hostname else [])]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "config.apps.SmsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "sms",
]

MIDDLEWARE = [
    "config.forwarded.ForwardedScheme",
    "sms.api.middleware.ApiMiddleware",  # answers everything outside the admin
    "config.admin_request_id.AdminRequestId",
    "django.middleware.security.SecurityMiddleware",
    "config.headers.AdminHeaders",
    "config.parameters.NoNul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sms.services.access.staff_session.SessionLimits",
    "sms.services.access.preferences.StaffLocale",
    "django_otp.middleware.OTPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.password_hashing.HashingBusyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # a redirected POST loses its body, so both spellings are routed

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- the database ---------------------------------------------------------------


def _database() -> dict[str, object]:
    if env.word("DATABASE_URL"):
        return env.database("DATABASE_URL")
    if env.str("DB_NAME", default=""):
        names = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
        return {"ENGINE": "django.db.backends.postgresql"} | {n: env.str(f"DB_{n}", default="") for n in names}
    if IS_HTTPS:
        raise ImproperlyConfigured(
            "No database is named, and PUBLIC_URL is https. Set DATABASE_URL to a PostgreSQL, or ask for SQLite by "
            "name (DATABASE_URL=sqlite:///db.sqlite3): on a disk that is thrown away SQLite would lose every message."
        )
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}


DATABASES = {"default": _database()}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # One writer at a time beside readers, and commits that are on the disk before the response: docs/operations.md.
    DATABASES["default"]["ENGINE"] = "config.sqlite3"
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 15,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["ENGINE"] = "config.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the product's settings -------------------------------------------------------

SERVE = env.choice("SERVE", "all", ("all", "api", "admin"))
ALLOW_PRIVATE_PROVIDER_HOSTS = env.switch("ALLOW_PRIVATE_PROVIDER_HOSTS")
NEIGHBOUR_HOSTS = env.neighbours("NEIGHBOUR_HOSTS")
ALLOW_SANDBOX = env.switch("ALLOW_SANDBOX")
REQUIRE_2FA = env.switch("REQUIRE_2FA")
REQUIRE_2FA_OF_ADMINISTRATORS = env.switch("REQUIRE_2FA_OF_ADMINISTRATORS", default=True)
API_VERSIONS = env.words("API_VERSIONS")
UNIX_SOCKET = "unix"
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", without=UNIX_SOCKET)
TRUSTS_UNIX_SOCKET = UNIX_SOCKET in env.words("TRUSTED_PROXIES")
METRICS_ALLOWED = env.networks("METRICS_ALLOWED", "127.0.0.0/8,::1/128")
# OTPs of all clients to one number in 10 minutes, and to a range of 100 numbers in an hour. 0: no limit.
OTP_PER_NUMBER = env.number("OTP_PER_NUMBER", 10)
OTP_PER_RANGE = env.number("OTP_PER_RANGE", 100)

RETENTION_TEXT_DAYS = env.number("RETENTION_TEXT_DAYS", 7)
RETENTION_RAW_DAYS = env.number("RETENTION_RAW_DAYS", 7)
RETENTION_ROW_DAYS = env.number("RETENTION_ROW_DAYS", 90)

CONFIGURATION_MAX_AGE = 1.0  # seconds for which a process uses its copy of clients, senders, templates and routes

DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # as long as the server lets a form of the admin be (config/server)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a page of a vendor's texts has two for each placeholder

# --- users, time zone, static files -------------------------------------------------

LANGUAGES = [
    ("en", "English"),
    ("az", "Azərbaycanca"),
    ("tr", "Türkçe"),
    ("ro", "Română"),
    ("vi", "Tiếng Việt"),
    ("ru", "Русский"),
]
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", [code for code, _ in LANGUAGES])
TIME_ZONE = env.word("TIME_ZONE", "UTC")
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
DATE_INPUT_FORMATS = ["%Y-%m-%d"]  # for languages without formats of their own: Django's fallback reads the month first
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
STATIC_URL = "static/"
COLLECTED = BASE_DIR / "staticfiles"
# Set only if the folder exists or is being filled, because WhiteNoise warns about a missing folder.
STATIC_ROOT = COLLECTED if COLLECTED.is_dir() or "collectstatic" in sys.argv else None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # collectstatic is not required; the container runs it
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = ["config.password_hashing.OneAtATimeHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "sms.services.access.password_strength.StrengthValidator"},
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "sms.services.access.login_protection.StaffLoginHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # for the library's log lines; the handler has the limits
AXES_CLIENT_IP_CALLABLE = "sms.services.intake.client_ip.for_axes"
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "SMS Desk"
# django-otp's delay grows with each wrong code, up to days: somebody with a stolen password could lock the account.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0  # sms.services.access.login_protection counts wrong codes
SIMPLE_HISTORY_REVERT_DISABLED = True

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SMS Desk",
    "DESCRIPTION": "One endpoint for shops that send SMS, and what became of each message.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test checks the schema, which saves time at each start
    "PREPROCESSING_HOOKS": ["sms.api.openapi.without_trailing_slashes"],
    "POSTPROCESSING_HOOKS": ["sms.api.openapi.with_schemas"],
}

# --- HTTPS and cookies ----------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60  # sms.services.access.staff_session ends sessions earlier
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
if IS_HTTPS:
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_SSL_REDIRECT = True  # of the admin only: the API refuses plain HTTP and never redirects
    # config.forwarded has removed this header unless a trusted proxy sent it.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# HSTS for subdomains and preload lists concern a whole domain, so its owner decides on them.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- alerts and error reports --------------------------------------------------------------

ALERT_EMAIL = env.words("ALERT_EMAIL")
ALERT_WEBHOOK_URL = env.word("ALERT_WEBHOOK_URL")
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET", default="")
EMAIL_URL_IS_SET = bool(env.word("EMAIL_URL"))
if EMAIL_URL_IS_SET:
    vars().update(env.mail_server("EMAIL_URL"))  # EMAIL_HOST, EMAIL_PORT and the others
EMAIL_TIMEOUT = 10  # seconds
# Most mail servers accept only the user's own sender address.
DEFAULT_FROM_EMAIL = next(
    (name for name in [vars().get("EMAIL_HOST_USER") or "", *ALERT_EMAIL] if "@" in name), "sms-desk"
)
if IS_HTTPS:
    refuse_weak(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        encryption_keys=FIELD_ENCRYPTION_KEYS,
        webhook_secret=ALERT_WEBHOOK_SECRET,
    )
start_error_reports(env.word("SENTRY_DSN"))

# --- logs ---------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", logs.LEVELS)
LOG_FORMAT = env.choice("LOG_FORMAT", "json", logs.FORMS)
LOGGING = logs.settings(level=LOG_LEVEL, form=LOG_FORMAT)
