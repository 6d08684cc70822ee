# SPDX-License-Identifier: ISC
"""postern-sendmail: as programs call it, up to what the provider got."""

import email.utils
import getpass
import subprocess

import pytest
from postern import SENDMAIL, Postern, free_port, submit

HEADER = b"From: a@x.example\nTo: b@y.example\nSubject: test\n"


def sent(postern, *args, input=HEADER + b"\nHello\n"):
    """Submit with these arguments; returns the one message that arrives."""
    done = postern.sendmail(*args, input=input)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")
    return postern.provider.wait_for(1)[0]


def body(message):
    return message.content.split(b"\r\n\r\n", 1)[1]


def header_bytes(message):
    return message.content.split(b"\r\n\r\n", 1)[0]


def fails(postern, status, *args, input=HEADER + b"\nHello\n"):
    """It ends with this status, and nothing is accepted; returns what it says."""
    done = postern.sendmail(*args, input=input)
    assert done.returncode == status, done.stderr
    assert postern.log("accepted") == []
    return done.stderr.decode()


# Recipients

def test_t_takes_to_cc_and_bcc(postern):
    message = sent(postern, "-t", input=b"From: a@x.example\nTo: b@y.example\nCc: c@y.example\n"
                                        b"Bcc: d@y.example\nSubject: s\n\nHello\n")
    assert message.rcpts == ["b@y.example", "c@y.example", "d@y.example"]
    assert (message.header("To"), message.header("Cc")) == ("b@y.example", "c@y.example")
    assert message.header("Bcc") is None and b"d@y" not in message.content


def test_t_removes_a_folded_bcc_whole(postern):
    message = sent(postern, "-t", input=b"To: b@y.example\nbcc : c@y.example,\n\td@y.example,\n  e@y.example\n"
                                        b"Subject: s\n\nHello\n")
    assert message.rcpts == ["b@y.example", "c@y.example", "d@y.example", "e@y.example"]
    for hidden in (b"bcc", b"c@y", b"d@y", b"e@y"):
        assert hidden not in message.content.lower()
    assert message.header("Subject") == "s"


def test_t_reads_groups_quoted_names_and_comments(postern):
    message = sent(postern, "-t", input=b'To: Team: "Doe, Jane; (x)" <jane@y.example>, joe@y.example;,\n'
                                        b' "a b"@y.example, (not: <me@y.example>,) Max <max @ y.example>, z (c) . z@y.example\n'
                                        b"Cc: undisclosed-recipients:;\n\nHello\n")
    assert message.rcpts == ["jane@y.example", "joe@y.example", '"a b"@y.example', "max@y.example", "z.z@y.example"]


def test_arguments_are_recipients_and_the_header_is_not(postern):
    message = sent(postern, "c@y.example", "Dee <d@y.example>", input=HEADER + b"Bcc: e@y.example\n\nHello\n")
    assert message.rcpts == ["c@y.example", "d@y.example"]
    assert message.header("Bcc") == "e@y.example"


def test_arguments_come_on_top_of_t(postern):
    assert sent(postern, "-t", "c@y.example").rcpts == ["c@y.example", "b@y.example"]


def test_a_comma_in_an_argument_separates(postern):
    assert sent(postern, "c@y.example, d@y.example").rcpts == ["c@y.example", "d@y.example"]


# Content

def test_a_lone_dot_ends_the_message(postern):
    message = sent(postern, "-t", input=HEADER + b"\none\n.\ntwo\n")
    assert body(message) == b"one\r\n"


@pytest.mark.parametrize("option", ["-i", "-oi"])
def test_with_i_a_lone_dot_is_text(postern, option):
    message = sent(postern, "-t", option, input=HEADER + b"\none\n.\n..\n.x\ntwo\n")
    assert body(message) == b"one\r\n.\r\n..\r\n.x\r\ntwo\r\n"


def test_bare_lf_arrives_as_crlf_and_crlf_as_it_is(postern):
    message = sent(postern, "-t", input=HEADER + b"\none\ntwo\r\n\n\xe4 last")
    assert body(message) == b"one\r\ntwo\r\n\r\n\xe4 last\r\n"
    assert b"\n" not in message.content.replace(b"\r\n", b"")


def test_missing_from_date_and_message_id_are_added(postern):
    message = sent(postern, "-t", "-f", "app@x.example", "-F", 'Ann "A" App', input=b"To: b@y.example\n\nHello\n")
    assert message.mail_from == "app@x.example"
    assert email.utils.parseaddr(message.header("From")) == ('Ann "A" App', "app@x.example")
    assert email.utils.parsedate_to_datetime(message.header("Date"))
    assert message.header("Message-ID").endswith("@relay.example>")


def test_present_from_date_and_message_id_stay(postern):
    own = b"From: Me <me@x.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@x.example>\r\n"
    message = sent(postern, "-t", "-f", "app@x.example", "-F", "Other", input=own + b"To: b@y.example\r\n\r\nHello\r\n")
    assert own in header_bytes(message) + b"\r\n"
    for name in (b"from:", b"date:", b"message-id:"):
        assert (b"\r\n" + header_bytes(message).lower()).count(b"\r\n" + name) == 1


def test_a_body_without_a_header_gets_one(postern):
    message = sent(postern, "b@y.example", input=b"just text\nmore\n")
    assert body(message) == b"just text\r\nmore\r\n"
    assert message.header("From")


def test_an_empty_input_is_a_message(postern):
    message = sent(postern, "b@y.example", input=b"")
    assert body(message) == b""


def test_five_megabytes(postern):
    content = b"".join(b"%07d %s\n" % (i, b"x" * 71) for i in range(64 * 1024))
    assert len(content) > 5_000_000
    message = sent(postern, "-t", "-i", input=HEADER + b"\n" + content)
    assert body(message) == content.replace(b"\n", b"\r\n")


# Sender

def test_the_sender_is_the_user_at_the_domain(postern):
    message = sent(postern, "-t", input=b"To: b@y.example\n\nHello\n")
    assert message.mail_from == f"{getpass.getuser()}@relay.example"
    assert message.mail_from in message.header("From")


@pytest.mark.parametrize("args", [["-f", "s@x.example"], ["-fs@x.example"], ["-r", "<s@x.example>"]])
def test_f_is_the_sender(postern, args):
    message = sent(postern, "-t", *args)
    assert message.mail_from == "s@x.example"
    assert message.header("From") == "a@x.example"


def test_f_without_a_domain_gets_the_own_one(postern):
    message = sent(postern, "-t", "-f", "www-data", input=b"To: b@y.example\n\nHello\n")
    assert message.mail_from == "www-data@relay.example"
    assert "<www-data@relay.example>" in message.header("From")


@pytest.mark.parametrize("args", [["-f", "<>"], ["-f", ""], ["-f<>"]])
def test_the_null_sender(postern, args):
    assert sent(postern, "-t", *args).mail_from == ""


# As others call it

def test_cron_call(postern):
    """As Debian's cron does it."""
    message = sent(postern, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "-odi", "root@y.example",
                   input="Subject: Grüße\n\nHallo\n.\nEnde\n".encode())
    assert message.rcpts == ["root@y.example"]
    assert message.header("From").startswith('"CronDaemon" <')
    assert body(message) == b"Hallo\r\n.\r\nEnde\r\n"


def test_php_call(postern):
    message = sent(postern, "-t", "-i", input=b"To: b@y.example\r\nSubject: s\r\nX-PHP: 1\r\n\r\nHello\r\n.\r\nEnd")
    assert body(message) == b"Hello\r\n.\r\nEnd\r\n"


def test_v_shows_the_conversation(postern):
    done = postern.sendmail("-v", "-t", input=HEADER + b"\nHello\n")
    said = done.stderr.decode()
    assert done.returncode == 0
    assert ">>> RCPT TO:<b@y.example>\n<<< 250" in said and "queued as" in said


def test_bs_speaks_smtp(postern):
    said = (b"EHLO me\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
            b"Subject: s\r\n\r\n..dot\r\n.\r\nQUIT\r\n")
    done = postern.sendmail("-bs", input=said)
    codes = [line[:3] for line in done.stdout.split(b"\r\n") if line[3:4] == b" "]
    assert (done.returncode, codes) == (0, [b"220", b"250", b"250", b"250", b"354", b"250", b"221"])
    assert body(postern.provider.wait_for(1)[0]) == b".dot\r\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_bs_as_a_dialogue(postern, ends):
    """As a mail user agent speaks it: each command after the reply to the one before."""
    with subprocess.Popen([SENDMAIL, "-C", postern.config_file, "-bs"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as agent:
        replies = [agent.stdout.readline()]
        for command in ("HELO me", "NOOP", "QUIT"):
            agent.stdin.write((command + ends).encode())
            agent.stdin.flush()
            replies.append(agent.stdout.readline())
    assert [reply[:3] for reply in replies] == [b"220", b"250", b"250", b"221"]
    assert agent.returncode == 0


def test_bp_and_mailq_list_the_queue(postern, tmp_path):
    postern.provider.fault("rcpt=reply:450 4.2.1 come later")
    mailq = tmp_path / "mailq"
    mailq.symlink_to(SENDMAIL)
    assert postern.sendmail("-bp").stdout == b"The queue is empty.\n"
    id = postern.send()
    postern.wait_log("deferred", id=id)
    listed = postern.sendmail("-bp")
    called = subprocess.run([mailq, "-C", postern.config_file], capture_output=True, timeout=30)
    for done in (listed, called):
        assert (done.returncode, done.stderr) == (0, b"")
        assert id in done.stdout.decode() and "<a@x.example> -> b@y.example" in done.stdout.decode()
    assert "come later" in listed.stdout.decode()


def test_newaliases_does_nothing(postern, tmp_path):
    newaliases = tmp_path / "newaliases"
    newaliases.symlink_to(SENDMAIL)
    assert subprocess.run([newaliases], timeout=30).returncode == 0


# What goes wrong

@pytest.mark.parametrize("args", [[], ["-t"]])
def test_no_recipients_is_64(postern, args):
    assert "no recipients" in fails(postern, 64, *args, input=b"Subject: s\n\nHello\n")


@pytest.mark.parametrize("args", [["-bd"], ["-Bnonsense"], ["-Nsometimes"], ["-Rall"], ["-t", "-f"]])
def test_wrong_usage_is_64(postern, args):
    assert fails(postern, 64, *args)


@pytest.mark.parametrize("first", [True, False])
def test_a_malformed_argument_is_64(postern, first):
    args = ["<b@y.example", "c@y.example"]
    assert "malformed" in fails(postern, 64, *(args if first else args[::-1]))


@pytest.mark.parametrize("value", [b"<b@y.example", b"b@y.example>", b'"b@y.example', b"a@y.example (b",
                                   b"c@y.example, <<b@y.example>>", b"<a@y.example> <b@y.example>",
                                   b"Bob b@y.example", b"a@y.example b@y.example", b'"Bob" b@y.example',
                                   b"<Bob b@y.example>"])
def test_a_malformed_list_is_65(postern, value):
    assert "cannot make out" in fails(postern, 65, "-t", input=b"To: " + value + b"\n\nHello\n")


def test_a_refused_recipient_is_67_and_nothing_is_sent(postern):
    assert "bad..dots@y.example" in fails(postern, 67, "b@y.example", "bad..dots@y.example")


def test_a_refused_sender_is_69(postern):
    assert fails(postern, 69, "-t", "-f", "a@@x.example")


def test_a_message_that_is_too_large_is_69(provider):
    with Postern(provider, limits={"message_size": "10K"}) as postern:
        assert "552" in fails(postern, 69, "-t", input=HEADER + b"\n" + b"x" * 70 + b"\n" + b"y" * 20000 + b"\n")


def test_no_daemon_is_75_and_says_so(tmp_path):
    config = tmp_path / "postern.conf"
    port = free_port()
    config.write_text(f'listen "l" {{ address = "127.0.0.1" port = {port} }}\n'
                      'upstream "u" { host = "localhost" port = 9 tls = "none" }\n'
                      f'hostname = "h.example"\ncontrol = "{tmp_path}/control"\n')
    for args in (["-t"], ["-bs"]):
        done = subprocess.run([SENDMAIL, "-C", config, *args], input=HEADER, capture_output=True, timeout=30)
        assert done.returncode == 75
        assert f"127.0.0.1 port {port}" in done.stderr.decode() and "is postern running?" in done.stderr.decode()
    done = subprocess.run([SENDMAIL, "-C", config, "-bp"], capture_output=True, timeout=30)
    assert done.returncode == 69 and b"not running" in done.stderr


@pytest.mark.parametrize("text, said", [('nonsense = 1\n', ":1: "), (None, "No such file")])
def test_a_bad_config_is_78(tmp_path, text, said):
    config = tmp_path / "postern.conf"
    if text:
        config.write_text(text)
    done = subprocess.run([SENDMAIL, "-C", config, "-t"], input=HEADER, capture_output=True, timeout=30)
    assert done.returncode == 78
    assert f"{config}" in done.stderr.decode() and said in done.stderr.decode()


def test_a_daemon_that_refuses_for_now_is_75(provider):
    with Postern(provider, limits={"connections": 1}) as postern, postern.smtp() as client:
        submit(client)
        done = postern.sendmail("-t", input=HEADER + b"\nHello\n")
        assert done.returncode == 75 and b"421" in done.stderr
