# SPDX-License-Identifier: ISC
"""Real clients with real mail: attachments, UTF-8, 10 MB, a hundred recipients.  What they send arrives byte for byte."""

import base64
import email
import email.message
import email.policy
import json
import os
import random
import shutil
import subprocess

import pytest
from debian import NoPackage
from npm import NODE, modules
from postern import SENDMAIL, Postern
from provider import Provider

NODEMAILER = "nodemailer@6.9.16"
SENDER = "a@x.example"
CROWD = [f"user{i}@y.example" for i in range(100)]
SUBJECT = "Grüße, 郵便 ✉"
TEXT = "Zeile eins: äöü\n.\n..zwei\nFrom here\n"
FILE = random.Random(1).randbytes(100_000)
BIG_FILE = random.Random(2).randbytes(7_500_000)  # 10 MB once it is base64


def build(file):
    """A message with text and an attachment, complete, with CRLF."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, "b@y.example", SUBJECT
    message["Date"], message["Message-ID"] = "Mon, 23 Nov 2026 10:00:00 +0000", "<1@x.example>"
    message.set_content(TEXT, cte="8bit")
    message.add_attachment(file, maintype="application", subtype="octet-stream", filename="fichier-é.bin")
    return message.as_bytes()


MESSAGE = build(FILE)
BIG = build(BIG_FILE)


@pytest.fixture(scope="module")
def server():
    with Provider("--size", "20000000") as provider, Postern(provider) as postern:
        yield postern


@pytest.fixture
def arrived(server):
    """Call it for the one message that arrives in this test."""
    before = server.provider.count()

    def wait():
        return server.provider.wait_for(before + 1, 60)[before]

    return wait


def run(command, input=None, **more):
    done = subprocess.run([str(word) for word in command], input=input, capture_output=True, timeout=60, **more)
    assert done.returncode == 0, done
    return done


def need(program):
    path = shutil.which(program)
    if path is None:
        pytest.skip(program + " is not installed")
    return path


def below_received(content):
    """The content below our Received field."""
    assert content.startswith(b"Received: from ")
    end = content.index(b"\r\n")
    while content[end + 2:end + 3] == b"\t":
        end = content.index(b"\r\n", end + 2)
    return content[end + 2:]


def unix(content):
    """As programs want it that read a file."""
    return content.replace(b"\r\n", b"\n")


def has_all(message, file=FILE, subject=SUBJECT):
    """What a program made of its own: subject, text and attachment are as they were given."""
    parsed = email.message_from_bytes(unix(message.content), policy=email.policy.default)
    attachment, = parsed.iter_attachments()
    assert parsed["Subject"] == subject
    assert parsed.get_body().get_content().rstrip("\n") == TEXT.rstrip("\n")
    assert attachment.get_content() == file


@pytest.mark.parametrize("content", [MESSAGE, BIG], ids=["100 KB", "10 MB"])
@pytest.mark.parametrize("rcpts", [["b@y.example"], CROWD], ids=["one", "a hundred"])
class TestByteForByte:
    """The client is handed a whole message."""

    def check(self, message, content, rcpts):
        assert message.mail_from == SENDER and sorted(message.rcpts) == sorted(rcpts)
        assert below_received(message.content) == content

    def test_smtplib(self, server, arrived, content, rcpts):
        with server.smtp(60) as client:
            assert client.sendmail(SENDER, rcpts, content, ["BODY=8BITMIME"]) == {}
        self.check(arrived(), content, rcpts)

    def test_curl(self, server, arrived, content, rcpts):
        file = server.dir / "mail"
        file.write_bytes(content)
        to = [word for rcpt in rcpts for word in ("--mail-rcpt", rcpt)]
        run([need("curl"), "-sS", f"smtp://127.0.0.1:{server.port}/c.example", "--mail-from", SENDER, *to, "-T", file])
        self.check(arrived(), content, rcpts)

    def test_msmtp(self, server, arrived, content, rcpts):
        run([need("msmtp"), "--host=127.0.0.1", f"--port={server.port}", f"--from={SENDER}", "--tls=off", "--auth=off",
             *rcpts], unix(content))
        self.check(arrived(), content, rcpts)

    def test_swaks(self, server, arrived, content, rcpts):
        file = server.dir / "mail"
        file.write_bytes(unix(content))
        run([need("swaks"), "--silent", "-s", f"127.0.0.1:{server.port}", "-f", SENDER, "-t", ",".join(rcpts),
             "--data", f"@{file}"])
        self.check(arrived(), content + b"\r\n", rcpts)

    def test_postern_sendmail(self, server, arrived, content, rcpts):
        done = server.sendmail("-i", "-f", SENDER, *rcpts, input=unix(content), timeout=60)
        assert done.returncode == 0, done
        self.check(arrived(), content, rcpts)

    def test_nodemailer(self, server, arrived, content, rcpts):
        file = server.dir / "mail"
        file.write_bytes(content)
        nodemailer(server, {"envelope": {"from": SENDER, "to": rcpts}, "raw": {"path": str(file)}})
        self.check(arrived(), content, rcpts)


def nodemailer(server, message):
    if not os.access(NODE, os.X_OK):
        pytest.skip("node is not installed")
    try:
        path = modules(NODEMAILER)
    except NoPackage as why:
        pytest.skip(str(why))
    settings = server.dir / "nodemailer.json"
    transport = {"host": "127.0.0.1", "port": server.port, "secure": False, "ignoreTLS": True, "name": "c.example"}
    settings.write_text(json.dumps({"transport": transport, "message": message}))
    script = os.path.join(os.path.dirname(__file__), "nodemailer_client.js")
    assert b"250 2.0.0 Ok" in run([NODE, script, settings], env={**os.environ, "NODE_PATH": str(path)}).stdout


@pytest.mark.parametrize("file", [FILE, BIG_FILE], ids=["100 KB", "10 MB"])
def test_nodemailer_composes(server, arrived, file):
    attachment = {"filename": "é.bin", "content": base64.b64encode(file).decode(), "encoding": "base64"}
    nodemailer(server, {"from": SENDER, "to": CROWD, "subject": SUBJECT, "text": TEXT, "attachments": [attachment]})
    message = arrived()
    assert message.rcpts == CROWD
    has_all(message, file)


def test_s_nail_composes(server, arrived):
    file = server.dir / "file.bin"
    file.write_bytes(FILE)
    run([need("s-nail"), "-:/", "-Sv15-compat", f"-Smta=smtp://127.0.0.1:{server.port}", "-Ssmtp-auth=none",
         "-Ssmtp-config=-all,ehlo", f"-Sfrom={SENDER}", "-Ssendwait", "-Sttycharset=utf-8", "-Ssendcharsets=utf-8",
         "-s", SUBJECT, "-a", file, "b@y.example"], TEXT.encode(), env={**os.environ, "LC_ALL": "C.UTF-8"})
    has_all(arrived())


PHP = """
[$to, $from, $subject, $text, $file] = array_slice($argv, 1);
$mark = "=_" . md5("mark");
$body = "--$mark\\r\\nContent-Type: text/plain; charset=utf-8\\r\\nContent-Transfer-Encoding: 8bit\\r\\n\\r\\n"
    . str_replace("\\n", "\\r\\n", $text)
    . "\\r\\n--$mark\\r\\nContent-Type: application/octet-stream\\r\\nContent-Transfer-Encoding: base64\\r\\n"
    . "Content-Disposition: attachment; filename=file.bin\\r\\n\\r\\n"
    . chunk_split(base64_encode(file_get_contents($file))) . "\\r\\n--$mark--\\r\\n";
$headers = ["From" => $from, "MIME-Version" => "1.0", "Content-Type" => "multipart/mixed; boundary=\\"$mark\\""];
exit(mail($to, "=?UTF-8?B?" . base64_encode($subject) . "?=", $body, $headers, "-f$from") ? 0 : 1);
"""


@pytest.mark.parametrize("content", [FILE, BIG_FILE], ids=["100 KB", "10 MB"])
def test_php_mail_composes(server, arrived, content):
    file = server.dir / "file.bin"
    file.write_bytes(content)
    path = f"sendmail_path={SENDMAIL} -C {server.config_file} -t -i"
    run([need("php"), "-d", path, "-d", "memory_limit=512M", "-r", PHP, ", ".join(CROWD), SENDER, SUBJECT, TEXT, file])
    message = arrived()
    assert message.mail_from == SENDER and sorted(message.rcpts) == sorted(CROWD)
    has_all(message, content)


@pytest.fixture
def repository(tmp_path):
    """A git repository with one commit in UTF-8."""
    environment = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    core = run([need("git"), "--exec-path"]).stdout.decode().strip()
    if not os.path.exists(os.path.join(core, "git-send-email")):
        pytest.skip("git send-email is not installed")

    def git(*words):
        return run(["git", "-c", "user.name=Ann Müller", "-c", f"user.email={SENDER}", "-C", tmp_path / "r", *words],
                   env=environment)

    (tmp_path / "r").mkdir()
    git("init", "-q")
    (tmp_path / "r" / "file").write_text(TEXT)
    git("add", "file")
    git("commit", "-q", "-m", SUBJECT)
    return git


@pytest.mark.parametrize("way", ["smtp", "sendmail"])
def test_git_send_email(server, arrived, repository, way):
    to = [f"--smtp-server={SENDMAIL}", "--smtp-server-option=-C", f"--smtp-server-option={server.config_file}"]
    if way == "smtp":
        to = ["--smtp-server=127.0.0.1", f"--smtp-server-port={server.port}", "--smtp-domain=c.example"]
    repository("send-email", *to, "--confirm=never", "--suppress-cc=all", f"--from={SENDER}", "--to=b@y.example",
               "--transfer-encoding=8bit", "--envelope-sender=auto", "-1", "--root")
    message = arrived()
    parsed = email.message_from_bytes(unix(message.content), policy=email.policy.default)
    assert message.mail_from == SENDER and message.rcpts == ["b@y.example"]
    assert parsed["Subject"] == "[PATCH] " + SUBJECT
    assert all(("+" + line) in parsed.get_content().split("\n") for line in TEXT.split("\n")[:-1])
