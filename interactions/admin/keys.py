"""API keys: issued, limited and revoked here; shown once, and never their hashes."""

from datetime import datetime

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from rest_framework_api_key.admin import APIKeyModelAdmin
from rest_framework_api_key.models import APIKey

from interactions.models import ProjectAPIKey, Scope
from interactions.projects import refuse_control_characters

from .browsing import BrowsingAdmin, BrowsingChangeList
from .filters import ProjectFilter

# The library's own keys belong to no project: nothing here would accept one.
admin.site.unregister(APIKey)


class ProjectAPIKeyForm(forms.ModelForm):
    """A key's name, scopes and expiry, by the rules that hold wherever keys are issued."""

    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["scopes"] = self.instance.scopes.split()

    def clean_scopes(self) -> str:
        return " ".join(scope for scope in Scope.values if scope in self.cleaned_data["scopes"])

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        refuse_control_characters(name)
        return name

    def clean_expiry_date(self) -> datetime | None:
        expires_at = self.cleaned_data["expiry_date"]
        if "expiry_date" in self.changed_data and expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("A key expires in the future; to end it now, revoke it.")
        return expires_at


def _hide_hash(key: ProjectAPIKey) -> ProjectAPIKey:
    """Let the admin name a key by its prefix.

    The primary key contains the hash, and the admin would write it into addresses, links and
    its own log.
    """
    key.pk = key.prefix
    return key


class ProjectAPIKeyChangeList(BrowsingChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = [_hide_hash(key) for key in self.result_list]


@admin.register(ProjectAPIKey)
class ProjectAPIKeyAdmin(BrowsingAdmin, APIKeyModelAdmin):
    form = ProjectAPIKeyForm
    list_display = (
        "prefix",
        "name",
        "project",
        "revoked",
        "_has_expired",
        "expiry_date",
        "scopes",
        "created",
    )
    list_filter = (("project", ProjectFilter), "revoked")
    list_select_related = ("project",)
    search_fields = ("name", "prefix")
    search_help_text = "Part of a name or of a prefix."

    def get_fields(self, request: HttpRequest, obj: ProjectAPIKey | None = None) -> tuple[str, ...]:
        own = ("project", "name", "scopes", "expiry_date")
        return own if obj is None else ("prefix", *own, "created", "revoked")

    def get_readonly_fields(self, request: HttpRequest, obj: ProjectAPIKey | None = None) -> tuple[str, ...]:
        return () if obj is None else ("prefix", "project", "created")

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[ProjectAPIKeyChangeList]:
        return ProjectAPIKeyChangeList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ProjectAPIKey | None:
        """The key of this prefix."""
        # PostgreSQL answers a NUL with an error; no prefix holds one.
        if not object_id.isalnum():
            return None
        key = self.get_queryset(request).select_related("project").filter(prefix=object_id).first()
        return key and _hide_hash(key)

    def has_change_permission(self, request: HttpRequest, obj: ProjectAPIKey | None = None) -> bool:
        """A revoked key stays as it was: revocation cannot be taken back."""
        return super().has_change_permission(request, obj) and not (obj and obj.revoked)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A key is revoked, and stays listed so that its prefix can be found in logs."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ProjectAPIKey, form: forms.ModelForm, change: bool
    ) -> None:
        if change:
            # By prefix, for the primary key stands in for it; and what the form changed alone,
            # so that a revocation in between is not overwritten.
            changed = {name: getattr(obj, name) for name in form.changed_data}
            ProjectAPIKey.objects.filter(prefix=obj.prefix).update(**changed)
            return
        clear_key = ProjectAPIKey.objects.assign_key(obj)
        obj.save()
        _hide_hash(obj)
        self.message_user(
            request,
            format_html(
                "The key {}: <code>{}</code> Keep it somewhere safe now: it is shown this once, "
                "and only its hash is stored.",
                obj.name,
                clear_key,
            ),
        )
