"""`python -m services.profile`, settings from the environment."""

from crosstie.runtime.service import run
from services.profile.app import build

run("profile", build)
