"""The way to Kafka from settings: every client is told the same, and what is wrong is said by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crosstie.brokers import Brokers
from crosstie.database_url import check
from crosstie.errors import Misconfigured
from crosstie.kafka_settings import KafkaSettings
from crosstie.runtime.reachable import postgres_address

SECRET = "a-canary-of-a-password"
USER = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_username": "crosstie.profile",
}


def brokers(**said: Any) -> Brokers:
    return KafkaSettings(**said).brokers_at("kafka:9092")


def test_without_settings_nothing_is_encrypted_and_nobody_named() -> None:
    plain = {"security_protocol": "PLAINTEXT"}
    assert brokers(kafka_sasl_username="", kafka_sasl_password="") == brokers()
    assert brokers().aiokafka() == {"bootstrap_servers": "kafka:9092"} | plain
    assert brokers().librdkafka() == {
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "PLAINTEXT",
    }


def test_a_user_is_told_to_both_kinds_of_client_and_shown_in_none() -> None:
    made = brokers(**USER, kafka_sasl_password=SECRET)
    assert made.aiokafka() == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "crosstie.profile",
        "sasl_plain_password": SECRET,
    }
    assert made.librdkafka() == {
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "crosstie.profile",
        "sasl.password": SECRET,
    }
    assert SECRET not in f"{made} {made!r}"


def test_a_password_file_is_read_anew_for_every_client(tmp_path: Path) -> None:
    file = tmp_path / "password"
    settings = KafkaSettings(**USER, kafka_sasl_password_file=file)  # type: ignore[arg-type]
    for said in ("first", "second"):
        file.write_text(f"{said}\n")
        login = settings.brokers_at("kafka:9092").login
        assert login is not None
        assert login.password == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kafka_sasl_username": "u"}, "PROTOCOL is PLAINTEXT, which tells Kafka of no user"),
        (
            {"kafka_sasl_password": SECRET},
            "CROSSTIE_KAFKA_SASL_PASSWORD is set, but CROSSTIE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
        ),
        (
            {"kafka_security_protocol": "SSL", "kafka_sasl_password_file": "/secret"},
            "PASSWORD_FILE is set, but CROSSTIE_KAFKA_SECURITY_PROTOCOL is SSL, which tells Kafka of no",
        ),
        ({"kafka_ca_file": "/etc/ca.crt"}, "CROSSTIE_KAFKA_CA_FILE is set, but"),
        ({"kafka_security_protocol": "SASL_SSL"}, "CROSSTIE_KAFKA_SASL_USERNAME is not set"),
        (USER, "no password for CROSSTIE_KAFKA_SASL_USERNAME 'crosstie.profile': set"),
        (
            USER | {"kafka_sasl_password": SECRET, "kafka_sasl_mechanism": "PLAIN"},
            "the password would be read by everybody on the way",
        ),
        (
            USER | {"kafka_sasl_password": SECRET, "kafka_sasl_password_file": "/secret"},
            "are both set; keep one",
        ),
        (
            USER | {"kafka_sasl_password_file": "/nowhere/password"},
            "PASSWORD_FILE is '/nowhere/password', which cannot be read (No such file",
        ),
        (
            USER | {"kafka_sasl_password_file": "/dev/null"},
            "PASSWORD_FILE is '/dev/null', which is empty",
        ),
        (
            {"kafka_security_protocol": "SSL", "kafka_key_file": "/key"},
            "CROSSTIE_KAFKA_CERTIFICATE_FILE is not; set both",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_named(said: dict[str, str], words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        brokers(**said)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (
            {
                "kafka_sasl_username": "u",
                "kafka_ca_file": "/ca",
                "kafka_key_file": "/key",
            },
            [
                "CROSSTIE_KAFKA_SASL_USERNAME is 'u', but",
                "CROSSTIE_KAFKA_CA_FILE is set, but CROSSTIE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
                "CROSSTIE_KAFKA_KEY_FILE is set, but CROSSTIE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
                "CROSSTIE_KAFKA_KEY_FILE is set, but CROSSTIE_KAFKA_CERTIFICATE_FILE is not",
            ],
        ),
        (
            {
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_sasl_mechanism": "PLAIN",
                "kafka_certificate_file": "/cert",
            },
            [
                "CROSSTIE_KAFKA_SASL_USERNAME is not set, but",
                "CROSSTIE_KAFKA_SASL_MECHANISM is PLAIN and",
                "CROSSTIE_KAFKA_CERTIFICATE_FILE is set, but",
                "no password though CROSSTIE_KAFKA_SECURITY_PROTOCOL asks for one: set",
            ],
        ),
        (
            {
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_password": SECRET,
                "kafka_sasl_password_file": "/secret",
                "kafka_key_file": "/key",
            },
            [
                "CROSSTIE_KAFKA_SASL_USERNAME is not set, but",
                "CROSSTIE_KAFKA_KEY_FILE is set, but CROSSTIE_KAFKA_CERTIFICATE_FILE is not",
                "CROSSTIE_KAFKA_SASL_PASSWORD and CROSSTIE_KAFKA_SASL_PASSWORD_FILE are both set",
            ],
        ),
    ],
)
def test_all_that_does_not_fit_together_is_named_at_once(
    said: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(Misconfigured) as refused:
        brokers(**said)
    faults = str(refused.value).split("; also, ")
    assert len(faults) == len(named)
    for fault, begins in zip(faults, named, strict=True):
        assert fault.startswith(begins)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("client", ["aiokafka", "librdkafka"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/nowhere/ca.crt", "'/nowhere/ca.crt', which cannot be used (No such file or directory)"),
        (__file__, "which cannot be used ([X509: NO_CERTIFICATE_OR_CRL_FOUND]"),
    ],
)
def test_a_file_of_authorities_that_is_none_is_named(said: str, words: str, client: str) -> None:
    made = brokers(kafka_security_protocol="SSL", kafka_ca_file=said)
    with pytest.raises(Misconfigured, match="CROSSTIE_KAFKA_CA_FILE is ") as refused:
        getattr(made, client)()
    assert words in str(refused.value)


def test_a_certificate_of_ours_that_is_none_is_named() -> None:
    made = brokers(kafka_security_protocol="SSL", kafka_certificate_file=__file__)
    with pytest.raises(Misconfigured, match="CROSSTIE_KAFKA_CERTIFICATE_FILE is "):
        made.aiokafka()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=verify", "says sslmode=verify, must be one of disable, allow,"),
        ("sslmode=verify-full", "but not whom to trust: add &sslrootcert=FILE"),
        ("sslrootcert=system", "name the file"),
        ("sslrootcert=/nowhere", "says sslrootcert=/nowhere, which cannot be used (No such file"),
        ("sslcert=/nowhere", "says sslcert=/nowhere, but there is no such file"),
    ],
)
def test_a_database_url_whose_tls_cannot_work_is_refused_without_its_password(
    query: str, words: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        check(f"postgresql://me:{SECRET}@db/crosstie?{query}")
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_database_url_says_nothing_of_tls_or_all_that_is_needed() -> None:
    check(f"postgresql://me:{SECRET}@db/crosstie")
    check(f"postgresql://me:{SECRET}@db/crosstie?sslmode=require")


@pytest.mark.parametrize("mark", ["/", "?", "#", "[", "\uff0f"])
@pytest.mark.parametrize("before", ["", "12"])
def test_a_database_url_whose_password_would_be_taken_apart_is_refused_without_it(
    before: str, mark: str
) -> None:
    url = f"postgresql://me:{before}{mark}{SECRET}@db/crosstie"
    for refusing in (check, postgres_address):
        with pytest.raises(Misconfigured, match="cannot be read") as refused:
            refusing(url)
        assert SECRET not in str(refused.value)
        assert refused.value.__context__ is None


def test_a_database_url_with_an_at_in_its_password_tells_its_host() -> None:
    assert postgres_address(f"postgresql://me:a@{SECRET}@db:5432/crosstie") == "db:5432"
