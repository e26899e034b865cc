"""The admin's addresses, and with them all that is registered there. Imported when one of them is
asked for first: see `newsletter.urls`.
"""

from django.contrib import admin

admin.autodiscover()  # in the order of INSTALLED_APPS: ours comes last, and takes some out again

urlpatterns = admin.site.urls[0]
