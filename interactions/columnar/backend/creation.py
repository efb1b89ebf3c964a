"""What test runners do with a database: here there is nothing to make and nothing to delete."""

from typing import Any

from django.db.backends.base.creation import BaseDatabaseCreation


class DatabaseCreation(BaseDatabaseCreation):
    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        return self.connection.settings_dict["NAME"]

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        pass
