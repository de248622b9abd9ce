"""Secrets and personal data of many kinds, made up anew for each seed; none of them ever opened anything."""

import base64
import random
import string
from dataclasses import dataclass

_WORD = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Canary:
    """Something that must not come out: how it is told, and the part that gives it away."""

    kind: str
    told: str
    value: str


def canaries(seed: int) -> tuple[Canary, ...]:
    """Return one of each kind."""
    rng = random.Random(seed)

    def some(length: int, signs: str = _WORD) -> str:
        return "a1" + "".join(rng.choices(signs, k=length - 2))

    bare = {
        "AWS access key": "AKIA" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        "GitHub token": "ghp_" + some(36),
        "GitLab token": "glpat-" + some(20),
        "Slack token": "xoxb-" + some(24),
        "Stripe key": "sk_live_" + some(24),
        "Google key": "AIza" + some(35),
        "Anthropic key": "sk-ant-api03-" + some(40),
        "OpenAI key": "sk-proj-" + some(40),
        "Hugging Face token": "hf_" + some(34),
        "npm token": "npm_" + some(36),
        "SendGrid key": f"SG.{some(22)}.{some(43)}",
        "Telegram bot token": f"{rng.randrange(10**8, 10**9)}:AA{some(33)}",
        "Docker token": "dckr_pat_" + some(27),
        "JSON web token": f"eyJ{some(20)}.eyJ{some(40)}.{some(43)}",
        "e-mail address": f"{some(8, string.ascii_lowercase)}@corp-{rng.randrange(99)}.example.com",
        "card": "4111 1111 1111 1111",
        "IBAN": "DE89 3704 0044 0532 0130 00",
        "IP address": f"203.0.113.{rng.randrange(2, 250)}",
        "phone": f"+49 30 {rng.randrange(10**6, 10**7)}",
        "US social security number": "536-22-8726",
    }
    found = [Canary(kind, f"seen {value} here", value) for kind, value in bare.items()]
    for kind, told in {
        "password of an address": "postgresql://brew:{}@db.example/x",
        "bearer token": "Authorization: Bearer {}",
        "assigned password": "password = '{}'",
        "weak password": "smtp_password: {}",
        "key by its name": '"advisor_api_key": "{}"',
        "signature of an address": "https://files.example/x.csv?sig={}",
    }.items():
        value = some(6, string.ascii_lowercase) if kind == "weak password" else some(24)
        found.append(Canary(kind, told.format(value), value))
    body = base64.b64encode(rng.randbytes(300)).decode()
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    mark = "RSA PRIVATE " + "KEY"
    block = f"-----BEGIN {mark}-----\n{lines}\n-----END {mark}-----"
    return (*found, Canary("private key", block, lines.split("\n")[2]))
