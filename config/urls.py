"""The URLs that this process serves: all of them, or with SERVE those of the API or of the admin."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path

from sms.api.errors import answer
from sms.api.health import healthz, readyz
from sms.api.urls import with_optional_slash
from sms.domain.codes import refuse


def not_found(request: HttpRequest) -> HttpResponse:
    """A JSON 404, because the admin's page has links to pages that are not served here."""
    return answer(refuse("not_found"))


urlpatterns: list[URLPattern | URLResolver] = []
if settings.SERVE == "admin":
    urlpatterns += [
        *with_optional_slash("healthz", healthz, "healthz"),
        *with_optional_slash("readyz", readyz, "readyz"),
    ]
else:
    urlpatterns.append(path("", include("sms.api.urls")))
if settings.SERVE == "api":
    urlpatterns.append(re_path("^admin/", not_found))
else:
    admin.autodiscover()
    urlpatterns.append(path("admin/", admin.site.urls))

handler400 = "sms.api.errors.handler400"
handler403 = "sms.api.errors.handler403"
handler404 = "sms.api.errors.handler404"
handler500 = "sms.api.errors.handler500"
