"""Site and newsletter: what the site is called and says of itself, with a preview of what pages and
emails would be like, before anything is saved.
"""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from newsletter.admin import logos
from newsletter.operations.previews import NoPreview, preview
from newsletter.pages.days import front_page
from newsletter.pages.look import stylesheet
from newsletter.pages.mail_frames import framed
from papers import audit, colors, site
from papers.admin.base import ModelAdmin
from papers.models import AuditEntry, Site
from papers.site_texts import NAME, SENTENCES, Sentence, check_sentence
from papers.text.markdown import bad_links

PAGE = "page"
SHOWN = {
    PAGE: "Today’s page",
    "confirm": "Confirmation email",
    "welcome": "Welcome, the first digest",
    "daily": "A daily digest",
    "goodbye": "Goodbye email",
}
"""What can be looked at: a page, and emails by their names."""


_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)


class ColorField(forms.CharField):
    """A hex code, however it is typed."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> str:
        """As "#rrggbb". Raises `ValidationError`."""
        text = str(super().to_python(value)).strip()
        if not text:
            return ""
        try:
            return colors.normal(text)
        except ValueError:
            raise ValidationError("Give a hex code such as #8f1d1d.", code="color") from None


class LineField(forms.CharField):
    """A sentence, typed into a box: where lines break there doesn't matter."""

    def __init__(self, sentence: Sentence, **kwargs: Any) -> None:
        self.sentence = sentence
        is_long = sentence.most > 100
        rows = UnfoldAdminTextareaWidget({"rows": 3}) if is_long else UnfoldAdminTextInputWidget
        super().__init__(required=False, widget=rows, **kwargs)

    def to_python(self, value: Any) -> str:
        """On one line."""
        text = str(super().to_python(value))
        return " ".join(text.split()) if not text.isprintable() and _has_only_breaks(text) else text

    def run_validators(self, value: Any) -> None:
        """Those of Django, and what a sentence of the site may hold."""
        super().run_validators(value)
        if not value:
            return
        check_sentence(self.sentence, value)
        if self.sentence.is_markdown and (bad := bad_links(value)):
            raise ValidationError(
                f"“{bad[0][:80]}” isn’t an address that a link in an email can lead to. Begin it "
                "with https://.",
                code="link",
            )


def _has_only_breaks(text: str) -> bool:
    return all(letter.isprintable() or letter in "\r\n\t" for letter in text)


def _field(sentence: Sentence, code: str) -> str:
    return f"{sentence.key}_{code}"


class SiteForm(forms.ModelForm[Site]):
    """The row, with a field for each sentence in each language."""

    accent = ColorField(required=False)
    accent_dark = ColorField(required=False)
    logo_file = forms.FileField(
        required=False,
        label="Logo",
        widget=UnfoldAdminFileFieldWidget({"accept": ".png,.jpg,.jpeg,.webp,.gif"}),
        help_text="PNG, JPEG, WebP or GIF, best with a transparent background and 144 pixels "
        "high. Shown in place of the name at the top of pages and emails; the name is said where "
        "pictures aren’t shown. It is drawn again, at most 300 × 72 (at double resolution).",
    )
    no_logo = forms.BooleanField(
        required=False,
        label="Without the logo",
        widget=UnfoldBooleanWidget,
        help_text="Show the name again. Emails that went out go on showing the logo.",
    )

    class Meta:
        """What stands in columns of its own."""

        model = Site
        fields = ("name", "postal_address", "accent", "accent_dark")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.new_logo: logos.Drawn | None = None
        if "name" not in self.fields:
            return  # for who may only look
        variables = site.applying(site.EMPTY)
        self.fields["name"].help_text += _otherwise(variables.name, "SITE_NAME")
        address = self.fields["postal_address"]
        address.help_text += _otherwise(variables.postal_address, "POSTAL_ADDRESS")
        for name in ("accent", "accent_dark"):
            column = next(one for one in Site._meta.concrete_fields if one.name == name)
            self.fields[name].label = str(column.verbose_name).capitalize()
            self.fields[name].help_text = f"{column.help_text} {_contrast_in_words(row, name)}"
        if not row.logo_id:
            del self.fields["no_logo"]
        else:
            self.fields["logo_file"].label = "Another logo"
        applies = site.applying(site.row_of(Site(name=row.name)))
        for code, language in settings.LANGUAGES:
            with translation.override(code):
                for one in SENTENCES:
                    said = one.where
                    if NAME not in one.where and one.key != "curator":
                        said += f" {NAME} stands for the site’s name."
                    variable = "CURATOR" if one.key == "curator" else ""
                    self.fields[_field(one, code)] = LineField(
                        one,
                        label=f"{one.label}, {language}",
                        help_text=said + _otherwise(applies.applies(one.key), variable),
                        initial=(row.texts or {}).get(code, {}).get(one.key, ""),
                    )

    def clean(self) -> dict[str, Any]:
        """Read the logo, and put the sentences together; those in languages that the site does not
        have are kept.
        """
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("accent_dark") and not cleaned.get("accent") and "accent" not in self.errors:
            self.add_error("accent", "Give the color for light backgrounds, too.")
        file = cleaned.get("logo_file")
        if file:
            try:
                self.new_logo = logos.drawn(file)
            except ValidationError as error:
                self.add_error("logo_file", error)
        if cleaned.get("no_logo") and file:
            self.add_error("no_logo", "Either upload another logo, or go without one.")
        texts = {code: dict(said) for code, said in (self.instance.texts or {}).items()}
        for code, _ in settings.LANGUAGES:
            said = {one.key: (cleaned.get(_field(one, code)) or "").strip() for one in SENTENCES}
            texts[code] = {key: text for key, text in said.items() if text}
        self.instance.texts = {code: said for code, said in texts.items() if said}
        if cleaned.get("no_logo"):
            self.instance.logo = None
        return cleaned

    def row(self) -> site.Row:
        """What the row would say if the form was saved."""
        logo = self.new_logo.shown() if self.new_logo else None
        return site.row_of(self.instance, logo)


def _otherwise(value: str, variable: str) -> str:
    """What applies while a field is empty."""
    if not value:
        return f" Leave empty to use {variable}, which isn’t set."
    return f" Leave empty for “{escape(value)}”" + (f" ({variable})." if variable else "")


def _contrast_in_words(row: Site, name: str) -> str:
    scheme: colors.Scheme = "light" if name == "accent" else "dark"
    now = site.applying(site.row_of(row))
    color = now.accent if scheme == "light" else now.accent_dark
    if not color:
        return "Broadsheet’s own red for now."
    found, surface = colors.weakest(color, scheme)
    made = "" if scheme == "light" or row.accent_dark else ", made from the other one"
    return f"Now {color}{made}: a contrast of at least {found:.1f}:1 ({surface.where})."


@admin.register(Site)
class SiteAdmin(ModelAdmin):
    """The one row. Its page is there before the row is, which the first saved form makes."""

    form = SiteForm
    restorable = ("name", "postal_address", "accent", "accent_dark", "logo", "texts")
    change_form_after_template = "newsletter/admin/site_after.html"
    readonly_fields = ("shown_logo",)
    warn_unsaved_form = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is emptied, not deleted."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Site | None = None) -> Any:
        """The newsletter, its looks, and its sentences in each language."""
        may_change = self.has_change_permission(request, obj)
        looks = ["shown_logo"] if obj is not None and obj.logo_id else []
        if not may_change:
            fields = ("name", "postal_address", "accent", "accent_dark", *looks, "texts")
            return [(None, {"fields": fields})]
        upload = [*looks, "logo_file", *(["no_logo"] if looks else [])]
        said = [
            (f"Sentences, {language}", {"fields": [_field(one, code) for one in SENTENCES]})
            for code, language in settings.LANGUAGES
        ]
        return [
            ("Newsletter", {"fields": ("name", "postal_address")}),
            ("Looks", {"fields": ("accent", "accent_dark", *upload)}),
            *said,
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form, whose other fields no model has."""
        kwargs["fields"] = SiteForm.Meta.fields
        return super().get_form(request, obj, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The row, or an empty one that is not stored yet."""
        if object_id != str(Site.ONLY):
            return None
        return Site.objects.select_related("logo").first() or Site(pk=Site.ONLY)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The row's page: there is nothing to list."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect("admin:papers_site_change", Site.ONLY)

    def get_urls(self) -> list[URLPattern]:
        """With the preview."""
        view = self.admin_site.admin_view(never_cache(self.preview))
        return [path("preview/", view, name="papers_site_preview"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With what can be looked at before it is saved."""
        more = {
            "shown": SHOWN.items(),
            "languages": settings.LANGUAGES,
            "preview_url": reverse("admin:papers_site_preview"),
        }
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The record of the first change begins with an empty row."""
        saved = super().save_form(request, form, change)
        if not request.audited_before:  # type: ignore[attr-defined]
            empty = Site(pk=Site.ONLY)
            request.audited_before = {  # type: ignore[attr-defined]
                str(Site.ONLY): {
                    one.attname: audit.kept(getattr(empty, one.attname))
                    for one in Site._meta.concrete_fields
                }
            }
        return saved

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        """Store the logo first."""
        if form.new_logo is not None:
            obj.logo = form.new_logo.stored()
            if form.new_logo.has_background:
                messages.info(
                    request,
                    "The logo got a light background, because it would hardly show on a dark page.",
                )
        super().save_model(request, obj, form, change)

    def changes_shown(self, entry: AuditEntry, key: str) -> list[tuple[str, str, str]]:
        """Each changed field; of the sentences those that changed."""
        shown = []
        for name, before, after in super().changes_shown(entry, key):
            if name != self._label("texts"):
                shown.append((name, before, after))
        old, new = entry.changes.get(key, {}).get("texts", (None, None))
        return shown + _changed_sentences(old or {}, new or {})

    def preview(self, request: HttpRequest) -> HttpResponse:
        """A page or an email as the unsaved form would have it. Saves and sends nothing."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(Site.ONLY))
        form = SiteForm(request.POST, request.FILES, instance=row)
        if not form.is_valid():
            return _said(request, "Nothing to preview yet", form)
        what = request.POST.get("preview_what", "")
        what = what if what in SHOWN else PAGE
        language = request.POST.get("preview_language", "")
        language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with site.shown_with(form.row()) as now, translation.override(language):
            if what == PAGE:
                html = _with_colors(front_page(timezone.now()), now)
                return HttpResponse(form.new_logo.put_into(html) if form.new_logo else html)
            try:
                mail = preview(what, timezone.now(), language=language)
            except NoPreview as error:
                return _said(request, str(error))
            html = _below_its_headers(mail.html, now.sender, mail.subject)
            return framed(form.new_logo.put_into(html) if form.new_logo else html)

    @admin.display(description="logo now")
    def shown_logo(self, row: Site) -> SafeString:
        """The logo on the backgrounds of both schemes."""
        if row.logo is None:
            return SafeString("–")
        logo = site.Logo(row.logo.digest, row.logo.width, row.logo.height)
        return format_html(
            '<span class="site-logos"><img src="{0}" width="{1}" height="{2}" alt="On light">'
            '<img class="on-dark" src="{0}" width="{1}" height="{2}" alt="On dark"></span>',
            logo.path,
            logo.shown_width,
            logo.shown_height,
        )


def _changed_sentences(old: Any, new: Any) -> list[tuple[str, str, str]]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [("sentences", str(old), str(new))]  # too long to keep
    names = dict(settings.LANGUAGES)
    found = []
    for code in {**old, **new}:
        for one in SENTENCES:
            before = old.get(code, {}).get(one.key, "")
            after = new.get(code, {}).get(one.key, "")
            if before != after:
                label = f"{one.label}, {names.get(code, code)}"
                found.append((label, before or "–", after or "–"))
    return found


def _said(request: HttpRequest, why: str, form: SiteForm | None = None) -> HttpResponse:
    errors = []
    if form is not None:
        for name, found in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            errors += [(label or name, error) for error in found]
    return render(request, "newsletter/admin/site_unseen.html", {"why": why, "errors": errors})


def _with_colors(html: str, now: site.Site) -> str:
    """The page with its unsaved colors in it; its links lead nowhere, and nothing in it runs."""
    html = _SCRIPT.sub("", html)
    css = stylesheet(now.accent, now.accent_dark) if now.accent else ""
    return html.replace("</head>", f'<base target="_blank"><style>{css}</style></head>', 1)


def _below_its_headers(html: str, sender: str, subject: str) -> str:
    """The email's HTML below its sender and subject."""
    head = format_html(
        '<div style="padding:10px 16px;border-bottom:1px solid #999;background:#eee;color:#111;'
        'font:14px/20px sans-serif;text-align:left"><bdi>{}</bdi><br><b><bdi>{}</bdi></b></div>',
        sender,
        subject,
    )
    before, body, after = html.partition("<body")
    attributes, end, rest = after.partition(">")
    return f"{before}{body}{attributes}{end}{head}{rest}"
