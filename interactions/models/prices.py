"""What models cost, as members of staff say; it goes before the table the server comes with."""

from datetime import date

from django.db import models
from django.db.models import Q

from .project import Project
from .words import MAX_WORD_CHARS

# A thousand dollars for a thousand tokens; dearer is a slip of the hand.
MAX_MICROUSD_PER_MTOK = 1_000_000_000_000
_SAID_ALREADY = "The price of this model from this day on is set already; change that one."


class ModelPrice(models.Model):
    """The price of a model's tokens from a day on, in one project or in all."""

    project = models.ForeignKey(
        Project,
        on_delete=models.CASCADE,
        related_name="model_prices",
        null=True,
        blank=True,
        db_index=False,
        help_text="None: in every project that has no price of its own for the model.",
    )
    model = models.CharField(max_length=MAX_WORD_CHARS, help_text="The name exactly as it is sent.")
    # A day that every interaction lies behind, rather than null, which is never equal to itself.
    starts_on = models.DateField(
        default=date.min, help_text="The first day (UTC) of interactions that cost so much."
    )
    input_microusd_per_mtok = models.BigIntegerField(
        "input, micro-dollars per million tokens", help_text="$0.15 a million tokens are 150000."
    )
    output_microusd_per_mtok = models.BigIntegerField("output, micro-dollars per million tokens")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "model", "starts_on"],
                name="model_price_once_a_day_of_project",
                violation_error_message=_SAID_ALREADY,
            ),
            models.UniqueConstraint(
                fields=["model", "starts_on"],
                condition=Q(project=None),
                name="model_price_once_a_day_of_all",
                violation_error_message=_SAID_ALREADY,
            ),
            models.CheckConstraint(
                condition=Q(
                    input_microusd_per_mtok__range=(0, MAX_MICROUSD_PER_MTOK),
                    output_microusd_per_mtok__range=(0, MAX_MICROUSD_PER_MTOK),
                ),
                name="model_price_in_range",
                violation_error_message=f"Prices lie between 0 and {MAX_MICROUSD_PER_MTOK:,} micro-dollars.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.starts_on}"
