"""The system checks of commands that use neither the admin nor the API."""

WITHOUT_WEB = ("caches", "compatibility", "files", "models", "security", "sms")
"""Not those of URLs, pages and the admin: they load the web code, which takes longer than most commands."""
