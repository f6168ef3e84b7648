"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()

urlpatterns = [
    path("", include("sms.api.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "sms.api.errors.handler400"
handler403 = "sms.api.errors.handler403"
handler404 = "sms.api.errors.handler404"
handler500 = "sms.api.errors.handler500"
