"""Prices of models that staff set; what they change holds for what is recorded from then on."""

from django.contrib import admin

from interactions.models import ModelPrice

from .browsing import BrowsingAdmin
from .display import dollars
from .filters import ProjectFilter


@admin.register(ModelPrice)
class ModelPriceAdmin(BrowsingAdmin):
    list_display = ("model", "project", "starts_on", "input_price", "output_price")
    list_filter = (("project", ProjectFilter),)
    list_select_related = ("project",)
    ordering = ("model", "project_id", "starts_on")
    search_fields = ("model",)
    search_help_text = "Part of a model's name."
    fields = ("project", "model", "starts_on", "input_microusd_per_mtok", "output_microusd_per_mtok")

    @admin.display(description="a million input tokens")
    def input_price(self, price: ModelPrice) -> str:
        return dollars(price.input_microusd_per_mtok)

    @admin.display(description="a million output tokens")
    def output_price(self, price: ModelPrice) -> str:
        return dollars(price.output_microusd_per_mtok)
