"""What is taken for a secret, what is not, and that no text is slow to look through."""

import hashlib
import random
import string
import uuid

import pytest

from openmemory_api.domain.memory import Json
from openmemory_api.domain.secrets import redacted, redacted_json

_random = random.Random(7)


def made_up(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choice(letters) for _ in range(length))


PEM = "\n".join(
    (
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-256-CBC,0123456789ABCDEF",
        "",
        *(made_up(64) for _ in range(8)),
        "-----END RSA PRIVATE KEY-----",
    )
)
JWT = f"eyJ{made_up(20)}.eyJ{made_up(60)}.{made_up(43)}"
SECRETS = {
    "OpenMemory key": [
        f"omk_{made_up(16, '0123456789abcdef')}_{made_up(43)}",
        "omk_" + made_up(43),
    ],
    "Mem0 key": ["m0-" + made_up(40)],
    "Anthropic key": [f"sk-ant-api03-{made_up(93)}AA"],
    "OpenAI key": [
        "sk-" + made_up(48),
        f"sk-proj-{made_up(20)}-{made_up(40)}_{made_up(20)}",
        "sk-or-v1-" + made_up(64, "0123456789abcdef"),
    ],
    "AWS key": ["AKIA" + made_up(16, string.ascii_uppercase + "234567")],
    "Google key": ["AIza" + made_up(35)],
    "Google token": ["ya29." + made_up(60), "GOCSPX-" + made_up(28)],
    "GitHub token": ["ghp_" + made_up(36), "ghs_" + made_up(36), "github_pat_" + made_up(82)],
    "GitLab token": ["glpat-" + made_up(20)],
    "Slack token": ["xoxb-123456789012-" + made_up(24), "xapp-1-" + made_up(40)],
    "Stripe key": ["sk_live_" + made_up(24), "rk_test_" + made_up(24), "whsec_" + made_up(32)],
    "npm token": ["npm_" + made_up(36)],
    "PyPI token": ["pypi-AgEIcHlwaS5vcmc" + made_up(140)],
    "Hugging Face token": ["hf_" + made_up(34)],
    "Groq key": ["gsk_" + made_up(52)],
    "xAI key": ["xai-" + made_up(80)],
    "Perplexity key": ["pplx-" + made_up(48)],
    "SendGrid key": [f"SG.{made_up(22)}.{made_up(21)}_{made_up(21)}"],
    "DigitalOcean token": ["dop_v1_" + made_up(64, "0123456789abcdef")],
    "Linear key": ["lin_api_" + made_up(40)],
    "Notion token": ["ntn_" + made_up(46)],
    "Telegram token": ["123456789:AA" + made_up(33)],
    "JSON web token": [JWT],
    "private key": [
        PEM,
        PEM.replace("\n", "\\n"),
        PEM.replace("RSA ", "").replace("Proc-Type: 4,ENCRYPTED\n", ""),
        PEM.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
        "-----BEGIN PRIVATE KEY-----\n" + made_up(64) + "\n" + made_up(30),
    ],
}


@pytest.mark.parametrize(
    ("kind", "secret"), [(kind, secret) for kind, many in SECRETS.items() for secret in many]
)
@pytest.mark.parametrize(
    "around",
    ["{}", "My key is {}, keep it.", 'KEY="{}"', "https://x.example/?key={}&a=1", "({})", "é:{}\n"],
)
def test_a_secret_is_taken_out_wherever_it_stands(kind: str, secret: str, around: str) -> None:
    text, kinds = redacted(around.format(secret))
    assert kinds == (kind,)
    assert text == around.format(f"[redacted: {kind}]")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (
            "Authorization: Bearer abc.DEF-123_x",
            "Authorization: Bearer [redacted: authorization header]",
            "authorization header",
        ),
        (
            '"authorization": "Token 0123456789"',
            '"authorization": "Token [redacted: authorization header]"',
            "authorization header",
        ),
        (
            "curl -H 'bearer 0123456789abcdefghij=='",
            "curl -H 'bearer [redacted: bearer token]'",
            "bearer token",
        ),
        (
            "postgresql://anna:hunter2@db.example:5432/x",
            "postgresql://anna:[redacted: password]@db.example:5432/x",
            "password",
        ),
        ("redis://:hunter2@cache", "redis://:[redacted: password]@cache", "password"),
        (
            "aws_secret_access_key = " + "aB3/" * 10,
            "aws_secret_access_key = [redacted: AWS key]",
            "AWS key",
        ),
        (
            '{"AccessKeyId": "", "SecretAccessKey": "' + "aB3/" * 10 + '"}',
            '{"AccessKeyId": "", "SecretAccessKey": "[redacted: AWS key]"}',
            "AWS key",
        ),
        (
            '{\\"SecretAccessKey\\": \\"' + "aB3/" * 10 + '\\"}',
            '{\\"SecretAccessKey\\": \\"[redacted: AWS key]\\"}',
            "AWS key",
        ),
        (
            "<SecretAccessKey>" + "aB3+" * 10 + "</SecretAccessKey>",
            "<SecretAccessKey>[redacted: AWS key]</SecretAccessKey>",
            "AWS key",
        ),
        (
            "AccountName=x;AccountKey=" + "aB" * 43 + "==;EndpointSuffix=core",
            "AccountName=x;AccountKey=[redacted: Azure key];EndpointSuffix=core",
            "Azure key",
        ),
        (
            f"https://discord.com/api/webhooks/{'1' * 18}/" + "x-" * 34,
            f"https://discord.com/api/webhooks/{'1' * 18}/[redacted: Discord webhook]",
            "Discord webhook",
        ),
        (
            "https://api.telegram.org/bot123456789:AA" + "x" * 33 + "/getMe",
            "https://api.telegram.org/bot[redacted: Telegram token]/getMe",
            "Telegram token",
        ),
        (
            "mongodb://me:12345@a:27017,b:27018/x",
            "mongodb://me:[redacted: password]@a:27017,b:27018/x",
            "password",
        ),
        (
            "https://hooks.slack.com/services/T0000/B0000/" + "x" * 24,
            "https://hooks.slack.com/services/[redacted: Slack webhook]",
            "Slack webhook",
        ),
    ],
)
def test_of_what_stands_around_a_secret_nothing_is_lost(before: str, after: str, kind: str) -> None:
    assert redacted(before) == (after, (kind,))


def test_each_secret_is_counted_and_what_is_redacted_stays_so() -> None:
    ours, github = SECRETS["OpenMemory key"][0], SECRETS["GitHub token"][0]
    text, kinds = redacted(f"{ours} {github} {ours}")
    assert sorted(kinds) == ["GitHub token", "OpenMemory key", "OpenMemory key"]
    assert redacted(text) == (text, ())


ORDINARY = [
    "Anna is the bearer of good news, internationalization and all that jazz.",
    "The bearer internationalizationalization of the token",
    "Authorization: Bearer YOUR_KEY is how the header looks; authorization is needed",
    "uses sk-learn, sk-loading-indicator-wrapper-very-long and sk_live events",
    str(uuid.UUID(int=2**100 + 7)),
    hashlib.sha256(b"x").hexdigest(),
    hashlib.sha1(b"x").hexdigest(),
    "sha256-" + made_up(43) + "=",
    "postgresql://USER:PASSWORD@HOST/DATABASE or redis://:$REDIS_PASSWORD@cache",
    "postgresql://user:<password>@host, https://user:***@host and amqp://me:{password}@mq",
    "http://127.0.0.1:8765/mcp and http://example.org:80/@anna, mailto:anna@example.org",
    "git@github.com:anna/memory.git",
    "12:30 @cafe; see https://example.org:8443 or ask bob@example.org",
    "The file begins with -----BEGIN PRIVATE KEY----- and then come letters.",
    "-----BEGIN CERTIFICATE-----\n" + made_up(64) + "\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n" + made_up(64) + "\n-----END PUBLIC KEY-----",
    "def token(bearer: str) -> str:\n    return headers['Authorization'].split(' ')[1]",
    "export OPENAI_API_KEY=sk-... and ghp_xxxx",
    "eyJhbGciOiJIUzI1NiJ9 alone is only a header",
    "AKIA is a prefix; so are AIza, hf_, npm_ and xoxb-",
    "aws_secret_access_key: see the vault",
    "PATH=/usr/local/bin:/usr/bin; m0-medium; glpat is a prefix",
    "東京でお茶を飲む。Straße, l'été, İzmir",
    "pk_live_" + made_up(24),
    "xoxo-hugs-and-kisses from Anna",
    "docker://alpine:3.19@sha256:" + hashlib.sha256(b"y").hexdigest(),
    "docker-image://alpine:3.19@sha256:" + hashlib.sha256(b"y").hexdigest(),
    "oci://img:tag@sha256 and npm://left-pad:1.0@latest",
    "jdbc:mysql://db:3306;user=a@b and jdbc:mysql://db:3306?user=a@b",
    "mongodb://localhost:27017,localhost:27018@rs0",
    "https://x.org:8080,mail@x.org",
    "gsk_gl_shader_new_from_resource, pplx-70b-online, xai-grok and SG.x.y",
    "SecretAccessKey: see the vault; AccountKey=none",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redacted(text) == (text, ())


def test_every_string_of_json_is_looked_through_and_its_form_kept() -> None:
    key = SECRETS["GitHub token"][0]
    value: Json = {"a": [key, 1, None, {"b": f"x {key}"}], "c": True}
    assert redacted_json(value) == (
        {
            "a": ["[redacted: GitHub token]", 1, None, {"b": "x [redacted: GitHub token]"}],
            "c": True,
        },
        ("GitHub token", "GitHub token"),
    )


SIZE = 400_000
PIECES = [
    "a",
    "-",
    "eyJ-",
    "eyJaaaaaaaa.",
    "sk-",
    "sk-proj-",
    "omk_",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n" + "A" * 40,
    "-----BEGIN ",
    "-----BEGIN A A A PRIVATE KEY",
    "----- ",
    "bearer ",
    "bearer a",
    "Bearer" + " " * 5,
    "authorization: ",
    "authorization" + " " * 5,
    "aws_secret_access_key" + " " * 5,
    "aa://",
    "a://a:",
    "a://:" + "b" * 200,
    "a.a+a-",
    "github_pat_",
    "https://hooks.slack.com/services/",
    "xoxb-",
    "\\n",
    "xoxb-1",
    "SG." + "a" * 22 + ".",
    "gsk_",
    "secret access key" + " " * 5,
    "SecretAccessKey>",
    "AccountKey=",
    "discord.com/api/webhooks/" + "1" * 17 + "/",
    "bot12345678:AA",
    "12345678",
    "oci://",
    "a1://b:1,",
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("end", ["", "!", "@"])
def test_no_text_is_slow_to_look_through(piece: str, end: str) -> None:
    # Twenty times the longest memory: a pattern whose steps grow with the square of the length
    # would take minutes here, and one that reads each character a few times takes milliseconds.
    text = (piece * (SIZE // len(piece)))[:SIZE] + end
    redacted(text)
