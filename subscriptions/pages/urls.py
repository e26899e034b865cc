"""The addresses of readers' pages. Those with a token are signed, see `subscriptions.links`."""

from django.urls import path

from subscriptions.pages import (
    address_change,
    community,
    daily_interests,
    embedding,
    interests,
    libraries,
    readers,
    reading_list,
    subscribing,
)

app_name = "subscriptions"

urlpatterns = [
    path("subscribe/", subscribing.subscribe, name="subscribe"),
    path("subscribe/embed/", embedding.embed, name="embed"),
    path("subscribe/embed/done/", embedding.embed_done, name="embed-done"),
    path("subscribe/elsewhere/", embedding.from_elsewhere, name="from-elsewhere"),
    path("subscribe/challenge/", subscribing.challenge, name="challenge"),
    path("check-inbox/", subscribing.check_inbox, name="check-inbox"),
    path("link/", subscribing.link, name="link"),
    path("confirm/<str:token>/", subscribing.confirm, name="confirm"),
    path("welcome/<str:token>/", subscribing.welcome, name="welcome"),
    path("preferences/<str:token>/", readers.preferences, name="preferences"),
    path("preferences/<str:token>/data.json", readers.data, name="data"),
    path("preferences/<str:token>/erase/", readers.erase, name="erase"),
    path("preferences/<str:token>/learned/", readers.learned, name="learned"),
    path("preferences/<str:token>/address/", address_change.address, name="address"),
    path("preferences/<str:token>/links/", address_change.void_links, name="void-links"),
    path("preferences/<str:token>/interests/", interests.interests, name="interests"),
    path(
        "preferences/<str:token>/interests/interests.json",
        interests.download,
        name="interests-file",
    ),
    path("preferences/<str:token>/interests/feeds.opml", interests.opml, name="interests-opml"),
    path("preferences/<str:token>/interests/library/", libraries.library, name="library"),
    path(
        "preferences/<str:token>/interests/library/<str:key>/",
        libraries.library_found,
        name="library-found",
    ),
    path("preferences/<str:token>/interests/<str:key>/", interests.interest, name="interest"),
    path("follow/", interests.follow, name="follow"),
    path("follow/paper/<int:paper_id>/", interests.follow_paper, name="follow-paper"),
    path("mute/<int:paper_id>/", interests.mute_paper, name="mute-paper"),
    path("mute/<str:token>/<int:paper_id>/", interests.mute, name="mute"),
    path("interest/<str:key>/feed/", interests.feed, name="interest-feed"),
    path("address/from/<str:token>/", address_change.move_from, name="move-from"),
    path("address/to/<str:token>/", address_change.move_to, name="move-to"),
    path("address/moved/", address_change.moved, name="moved"),
    path("links-void/", address_change.links_void, name="links-void"),
    # Some who follow RFC 8058 lose the last slash, and a redirect is no answer to them.
    path("unsubscribe/<str:token>", readers.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/", readers.unsubscribe, name="unsubscribe"),
    path("daily/<str:token>", daily_interests.end_daily, name="end-daily"),
    path("daily/<str:token>/", daily_interests.end_daily, name="end-daily"),
    path(
        "feedback/<str:token>/<int:paper_id>/<str:value>/",
        readers.feedback_on,
        name="feedback",
    ),
    path("submit/", community.submit, name="submit"),
    path("upvote/<int:paper_id>/", community.upvote, name="upvote"),
    path(
        "upvote/<str:token>/<int:paper_id>/",
        community.signed_upvote,
        name="signed-upvote",
    ),
    path("saved/", reading_list.own_list, name="saved"),
    path("save/<int:paper_id>/", reading_list.save, name="save"),
    path("save/<str:token>/<int:paper_id>/", reading_list.signed_save, name="signed-save"),
    path("saved/<str:token>/", reading_list.reading_list, name="reading-list"),
    path("saved/<str:token>/feed/", reading_list.feed, name="reading-list-feed"),
    path(
        "saved/<str:token>/reading-list.<str:ending>",
        reading_list.export,
        name="reading-list-export",
    ),
    path("remember/<str:token>/", community.remember, name="remember"),
    path("forget/", community.forget_device, name="forget"),
    path("erased/", subscribing.erased, name="erased"),
]
