"""The addresses of readers' pages. Those with a token are signed, see `subscriptions.links`."""

from django.urls import path

from subscriptions import address_views, community_views, reader_views, views

app_name = "subscriptions"

urlpatterns = [
    path("subscribe/", views.subscribe, name="subscribe"),
    path("subscribe/challenge/", views.challenge, name="challenge"),
    path("check-inbox/", views.check_inbox, name="check-inbox"),
    path("link/", views.link, name="link"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("welcome/<str:token>/", views.welcome, name="welcome"),
    path("preferences/<str:token>/", reader_views.preferences, name="preferences"),
    path("preferences/<str:token>/data.json", reader_views.data, name="data"),
    path("preferences/<str:token>/erase/", reader_views.erase, name="erase"),
    path("preferences/<str:token>/learned/", reader_views.learned, name="learned"),
    path("preferences/<str:token>/address/", address_views.address, name="address"),
    path("preferences/<str:token>/links/", address_views.void_links, name="void-links"),
    path("address/from/<str:token>/", address_views.move_from, name="move-from"),
    path("address/to/<str:token>/", address_views.move_to, name="move-to"),
    path("address/moved/", address_views.moved, name="moved"),
    path("links-void/", address_views.links_void, name="links-void"),
    path("unsubscribe/<str:token>/", reader_views.unsubscribe, name="unsubscribe"),
    path(
        "feedback/<str:token>/<int:paper_id>/<str:value>/",
        reader_views.feedback_on,
        name="feedback",
    ),
    path("submit/", community_views.submit, name="submit"),
    path("upvote/<int:paper_id>/", community_views.upvote, name="upvote"),
    path(
        "upvote/<str:token>/<int:paper_id>/",
        community_views.signed_upvote,
        name="signed-upvote",
    ),
    path("remember/<str:token>/", community_views.remember, name="remember"),
    path("forget/", community_views.forget, name="forget"),
    path("erased/", views.erased, name="erased"),
]
