"""The admin: raw interactions to browse, projects, API keys and prices to manage."""

from django.contrib import admin

from .conversations import ConversationAdmin
from .deletions import DeletionAdmin
from .eligible_users import EligibleUserAdmin
from .end_users import EndUserAdmin
from .feedback import FeedbackActionAdmin
from .interactions import InteractionAdmin
from .keys import ProjectAPIKeyAdmin
from .labels import DimensionAdmin, LabelAdmin
from .prices import ModelPriceAdmin
from .projects import ProjectAdmin

__all__ = [
    "ConversationAdmin",
    "DeletionAdmin",
    "DimensionAdmin",
    "EligibleUserAdmin",
    "EndUserAdmin",
    "FeedbackActionAdmin",
    "InteractionAdmin",
    "LabelAdmin",
    "ModelPriceAdmin",
    "ProjectAPIKeyAdmin",
    "ProjectAdmin",
]

admin.site.site_header = admin.site.site_title = "Interaction analytics"
# There is no site beside the admin for "View site" to lead to.
admin.site.site_url = "/api/docs"
