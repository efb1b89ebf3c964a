"""What the database knows of the columns kept beside it: what changed since, and which files hold.

Projects are named by number, without a constraint: marks and files must survive the order in
which a project is deleted.
"""

from django.db import models
from django.db.models import F, Q


class Family(models.IntegerChoices):
    """Tables that are kept as columns together; `interactions.columnar.families` says which."""

    INTERACTIONS = 1
    END_USERS = 2
    CONVERSATIONS = 3
    LABELS = 4


class DirtyMark(models.Model):
    """A bucket whose rows changed, so that it is read from the tables until it is sealed again.

    Made by triggers (`interactions.columnar.marks`) in the transaction that changes the rows. Every
    change has an id of its own: a sealer deletes the marks it saw, and never a later one.
    """

    project_id = models.BigIntegerField()
    family = models.PositiveSmallIntegerField(choices=Family.choices)
    bucket = models.BigIntegerField()

    class Meta:
        # Bookkeeping: nothing that a person could be allowed to do.
        default_permissions = ()
        indexes = [
            # Serves every question on columns: the marked buckets of its window. On SQLite also each
            # new mark, which looks for the one it replaces.
            models.Index(fields=["project_id", "family", "bucket"], name="dirty_mark_bucket"),
        ]

    def __str__(self) -> str:
        return f"{self.get_family_display()} of project {self.project_id}: {self.bucket}"


class SealedFile(models.Model):
    """The rows of a range of buckets, first_bucket <= x < end_bucket, as they were when it was sealed.

    Where the ranges of valid files overlap, the newest id wins, bucket by bucket.
    """

    project_id = models.BigIntegerField()
    family = models.PositiveSmallIntegerField(choices=Family.choices)
    first_bucket = models.BigIntegerField()
    end_bucket = models.BigIntegerField()
    # Within the folder of the store; empty when the range held no rows.
    name = models.CharField(max_length=100, blank=True, default="")
    n_rows = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    # The layout of the file's tables; a reader leaves alone what it does not know.
    format = models.PositiveSmallIntegerField()
    sealed_at = models.DateTimeField()
    # Since when others stand for it; null while it is valid.
    retired_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=~Q(name=""), name="sealed_file_named_once"),
            models.CheckConstraint(
                condition=Q(first_bucket__lt=F("end_bucket")), name="sealed_file_range_not_empty"
            ),
        ]
        indexes = [
            # Serves every question on columns: the valid files of a project.
            models.Index(
                fields=["project_id", "family"],
                condition=Q(retired_at__isnull=True),
                name="sealed_file_valid",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_family_display()} of project {self.project_id}: {self.first_bucket}-{self.end_bucket}"
        )
