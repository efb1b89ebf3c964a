"""Made-up interactions of two products, so that there is something to look at from the first minute."""

from .eligible import demo_eligible_users
from .generate import demo_interactions
from .load import DemoProject, create_demo_data
from .plans import PLANS, ProjectPlan

__all__ = [
    "PLANS",
    "DemoProject",
    "ProjectPlan",
    "create_demo_data",
    "demo_eligible_users",
    "demo_interactions",
]
