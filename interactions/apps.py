"""The core app: what is stored and how it gets in and out."""

import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

# New objects after which Python looks for rings of unused ones; its own 700 are made by a handful of
# interactions. An import takes a quarter less time so, and what waits to be found takes some megabytes.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


class InteractionsConfig(AppConfig):
    name = "interactions"
    verbose_name = "Interactions"

    def ready(self) -> None:
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        # They need the models, which are loaded by now.
        from .columnar.marks import drop_triggers_before_rebuilds, install_triggers

        pre_migrate.connect(drop_triggers_before_rebuilds, sender=self)
        post_migrate.connect(install_triggers, sender=self)
