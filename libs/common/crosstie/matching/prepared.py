"""What a round reads of the network, kept from one round to the next: only what changed is read anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from crosstie.matching.contacts import Contacts
from crosstie.matching.profiles import Profile, profile
from crosstie.network.state import Row
from crosstie.network.view import Network


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network with its members' profiles and its ties' columns."""

    network: Network
    profiles: Mapping[str, Profile]
    contacts: Contacts

    @classmethod
    def of(cls, network: Network) -> Self:
        """All of `network`, read once."""
        profiles = {subject: profile(member) for subject, member in network.members.items()}
        return cls(network, profiles, Contacts.of(network.ties))

    def after(self, rows: Mapping[str, Row], touched: Collection[str]) -> Prepared:
        """The same as `of` the network of `rows`, which differ at most in the keys `touched`."""
        network = self.network.after(rows, touched)
        profiles = dict(self.profiles)
        names = [key.split("/")[1:] for key in touched]
        for (subject,) in (each for each in names if len(each) == 1):
            profiles.pop(subject, None)
            if subject in network.members:
                profiles[subject] = profile(network.members[subject])
        pairs = [(each[0], each[1]) for each in names if len(each) == 2]
        return Prepared(network, profiles, self.contacts.after(network.ties, pairs))
