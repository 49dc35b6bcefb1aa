"""What holds for all tests: how fast this machine is today decides none of them."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
