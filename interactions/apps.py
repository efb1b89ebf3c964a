"""The core app: what is stored and how it gets in and out."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class InteractionsConfig(AppConfig):
    name = "interactions"
    verbose_name = "Interactions"

    def ready(self) -> None:
        # They need the models, which are loaded by now.
        from .columnar.marks import drop_triggers_before_rebuilds, install_triggers

        pre_migrate.connect(drop_triggers_before_rebuilds, sender=self)
        post_migrate.connect(install_triggers, sender=self)
