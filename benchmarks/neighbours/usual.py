"""A neighbour who is none, and one who tries passwords."""

from itertools import count

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, SEARCH, SIGN_IN, Member
from benchmarks.neighbours.neighbour import Neighbour


class Usual(Neighbour):
    """Lists and searches as anybody does, on four connections: what sharing the machine costs in any case."""

    name = "usual"

    @override
    def turn(self, member: Member, number: int) -> None:
        if number % 2:
            member.ask("GET", f"{IMAGES}?limit=100", number=number)
        else:
            question = {"query": {"query_string": {"query": "ubuntu AND architecture:x86_64"}}}
            member.ask("POST", SEARCH, question, number=number)


class WrongPasswords(Neighbour):
    """Signs in by wrong passwords, from eight addresses: as the administrator, as the other member, as nobody."""

    name = "wrong passwords"
    connections = 8

    @override
    def turn(self, member: Member, number: int) -> None:
        turn = next(_TURNS)
        user = {
            "name": ("admin", "bench", f"nobody-{turn}")[turn % 3],
            "domain": {"id": "default"},
            "password": f"wrong {turn}",
        }
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
        member.ask("POST", SIGN_IN, body, number=number, known=False)


_TURNS = count()
