# SPDX-License-Identifier: ISC
"""postern-sendmail as programs call it, and its exit codes."""

import os
import pwd
import socket
import subprocess
import threading

import pytest
from postern import SENDMAIL, Postern, wait_until
from provider import Provider

BODY = b"Subject: t\n\nHello\n"
USER = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(scope="module")
def server():
    with Provider() as provider, Postern(provider) as postern:
        yield postern
        assert provider.stats()["violations"] == 0, provider.events("violation")


def sends(server, *arguments, input=BODY):
    """Run it, which must succeed in silence; returns the message that the provider got."""
    before = {m.path for m in server.provider.messages()}
    done = server.sendmail(*arguments, input=input)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done

    def find():
        return [m for m in server.provider.messages() if m.path not in before]

    return wait_until(find, what="the message")[0]


def fails(server, code, *arguments, input=BODY, **more):
    """Run it, which must fail with this status and say why on stderr; returns what it said."""
    before = len(server.log("accepted"))
    done = server.sendmail(*arguments, input=input, **more)
    assert done.returncode == code and done.stderr.strip(), done
    assert len(server.log("accepted")) == before
    return done.stderr.decode()


# Recipients


def test_recipients_as_arguments(server):
    message = sends(server, "b@y.example", "c@y.example")
    assert message.rcpts == ["b@y.example", "c@y.example"]
    assert message.header("Subject") == "t" and message.content.endswith(b"\r\n\r\nHello\r\n")


def test_t_takes_them_from_the_header_and_removes_bcc(server):
    header = (b"To: \"B, or not\" <b@y.example>, c@y.example (a comment, with a comma)\n"
              b"Cc: group: d@y.example, e@y.example;\nBcc: hidden@y.example,\n\tfolded@y.example\nbcc : also@y.example\n")
    message = sends(server, "-t", input=header + BODY)
    names = ["b", "c", "d", "e", "hidden", "folded", "also"]
    assert sorted(message.rcpts) == sorted(name + "@y.example" for name in names)
    assert b"hidden" not in message.content and b"folded" not in message.content and b"also@" not in message.content
    assert header.split(b"Bcc")[0].replace(b"\n", b"\r\n") in message.content


def test_t_with_arguments_sends_to_all(server):
    assert sorted(sends(server, "-t", "x@y.example", input=b"To: b@y.example\n" + BODY).rcpts) == ["b@y.example", "x@y.example"]


def test_without_t_bcc_stays_and_is_not_used(server):
    message = sends(server, "b@y.example", input=b"Bcc: c@y.example\n" + BODY)
    assert message.rcpts == ["b@y.example"] and message.header("Bcc") == "c@y.example"


def test_unqualified_recipients_get_the_domain(server):
    assert sends(server, "root").rcpts == ["root@relay.example"]


def test_an_address_beyond_ascii(server):
    message = sends(server, "-f", "ä@x.example", "jörg@y.example")
    assert (message.mail_from, message.rcpts) == ("ä@x.example", ["jörg@y.example"])


def test_a_recipient_that_begins_with_a_dash(server):
    assert sends(server, "--", "-x@y.example").rcpts == ["-x@y.example"]


# Sender


def test_the_sender_is_who_runs_it(server):
    message = sends(server, "b@y.example")
    assert message.mail_from == f"{USER}@relay.example" and message.header("From") == f"<{USER}@relay.example>"


@pytest.mark.parametrize("arguments", [["-f", "a@x.example"], ["-fa@x.example"], ["-r", "a@x.example"], ["-f", "<a@x.example>"]])
def test_f_is_the_envelope_sender(server, arguments):
    message = sends(server, *arguments, "b@y.example")
    assert message.mail_from == "a@x.example" and "a@x.example" in message.header("From")


@pytest.mark.parametrize("sender", ["<>", ""])
def test_f_may_be_the_null_sender(server, sender):
    assert sends(server, "-f", sender, "b@y.example", input=b"From: x@x.example\n" + BODY).mail_from == ""


def test_capital_f_is_the_full_name(server):
    message = sends(server, "-F", 'A "B" C', "-f", "a@x.example", "b@y.example")
    assert message.header("From") == '"A \\"B\\" C" <a@x.example>'


def test_a_from_field_is_kept(server):
    message = sends(server, "-F", "Other", "b@y.example", input=b"From: Me <me@x.example>\n" + BODY)
    assert message.content.count(b"\r\nFrom: ") == 1 and message.header("From") == "Me <me@x.example>"


# Content


def test_a_lone_dot_ends_the_message(server):
    assert sends(server, "b@y.example", input=BODY + b".\nnot sent\n").content.endswith(b"Hello\r\n")


@pytest.mark.parametrize("option", ["-i", "-oi"])
def test_with_i_a_lone_dot_is_text(server, option):
    message = sends(server, option, "b@y.example", input=BODY + b".\n..\nsent\n")
    assert message.content.endswith(b"Hello\r\n.\r\n..\r\nsent\r\n")


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_any_line_ends(server, ends):
    text = b"Subject: t\n\none\n\n.two\nthree\n".replace(b"\n", ends)
    assert sends(server, "-i", "b@y.example", input=text).content.endswith(b"\r\n\r\none\r\n\r\n.two\r\nthree\r\n")


def test_a_last_line_without_an_end(server):
    assert sends(server, "b@y.example", input=b"Subject: t\n\nno end").content.endswith(b"\r\n\r\nno end\r\n")


def test_no_header(server):
    message = sends(server, "b@y.example", input=b"just text\nmore\n")
    assert message.content.endswith(b"\r\n\r\njust text\r\nmore\r\n") and message.header("From")


def test_empty_input(server):
    message = sends(server, "b@y.example", input=b"")
    assert message.header("From") and message.header("Message-ID")


def test_a_megabyte(server):
    lines = b"".join(b"%06d" % i + b"x" * 60 + b"\n" for i in range(16000))
    assert sends(server, "-i", "b@y.example", input=BODY + lines).content.endswith(lines.replace(b"\n", b"\r\n"))


def test_8_bit_text(server):
    assert sends(server, "-B8BITMIME", "b@y.example", input=BODY + "grün\n".encode()).content.endswith("grün\r\n".encode())


@pytest.mark.parametrize("options", [["-odi", "-oem"], ["-om"], ["-N", "failure,delay", "-R", "hdrs"], ["-Nnever"], ["-h", "5"],
                                     ["-O", "DeliveryMode=b"], ["-U"], ["-G"], ["-L", "tag"], ["-bm"], ["-V", "id"], ["-x"]])
def test_options_of_old_are_taken(server, options):
    assert sends(server, *options, "b@y.example").rcpts == ["b@y.example"]


def test_v_shows_the_conversation(server):
    done = server.sendmail("-v", "b@y.example", input=BODY)
    assert done.returncode == 0 and b"RCPT TO:<b@y.example>" in done.stderr and b"queued as" in done.stderr


# SMTP on stdin


def test_bs_speaks_smtp(server):
    before = server.provider.count()
    done = server.sendmail("-bs", input=b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
                           b"Subject: bs\r\n\r\nx\r\n.\r\nQUIT\r\n")
    assert done.returncode == 0
    codes = [line[:3] for line in done.stdout.split(b"\r\n") if line[3:4] == b" "]
    assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert server.provider.wait_for(before + 1)


# The queue


def listing(postern, *command):
    return subprocess.run([*command, "-C", postern.config_file], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("by", ["-bp", "mailq"])
def test_the_queue_is_listed(provider, by):
    provider.stop()
    with Postern(provider, queue={"retry_min": "1h", "retry_max": "2h"}) as postern:
        mailq = postern.dir / "mailq"
        mailq.symlink_to(SENDMAIL)
        command = [SENDMAIL, "-bp"] if by == "-bp" else [mailq]
        assert listing(postern, *command).stdout == "The queue is empty.\n"
        id = postern.send()
        shown = wait_until(lambda: id in (out := listing(postern, *command).stdout) and out, what="the message in the list")
        assert "b@y.example" in shown and "1 message" in shown


@pytest.mark.parametrize("by", ["-bi", "newaliases"])
def test_newaliases_has_nothing_to_do(tmp_path, by):
    link = tmp_path / "newaliases"
    link.symlink_to(SENDMAIL)
    command = [SENDMAIL, "-bi"] if by == "-bi" else [link]
    assert subprocess.run(command, timeout=30).returncode == 0


# Exit codes


def test_64_no_recipients(server):
    assert "recipients" in fails(server, 64)
    assert "recipients" in fails(server, 64, "-t", input=BODY)


@pytest.mark.parametrize("arguments", [["-bz"], ["-bd"], ["-Bfoo"], ["-N", "always"], ["-R", "some"], ["-k"]])
def test_64_wrong_usage(server, arguments):
    fails(server, 64, *arguments, "b@y.example")


@pytest.mark.parametrize("field", [b"To: <b@y.example\n", b"Cc: \"open <b@y.example>\n", b"To: (open b@y.example\n"])
def test_65_recipients_that_cannot_be_made_out(server, field):
    fails(server, 65, "-t", input=field + BODY)


@pytest.mark.parametrize("rcpt", ["a@@y.example", "b@y..example", "b@", "x" * 65 + "@y.example"])
def test_67_a_refused_recipient(server, rcpt):
    assert rcpt[:20] in fails(server, 67, "ok@y.example", rcpt)


def test_69_a_refused_sender(server):
    fails(server, 69, "-f", "a@@x.example", "b@y.example")


def test_69_a_refused_message():
    with Provider() as provider, Postern(provider, limits={"message_size": "10K"}) as postern:
        assert "552" in fails(postern, 69, "b@y.example", input=BODY + b"x" * 60000 + b"\n")


def test_75_the_daemon_is_down():
    postern = Postern()
    done = postern.sendmail("b@y.example", input=BODY)
    assert done.returncode == 75 and b"running" in done.stderr


def test_75_the_daemon_cannot_take_it_now():
    with Postern(limits={"min_free": "1000T"}) as postern:
        assert "452" in fails(postern, 75, "b@y.example")


def test_75_the_daemon_hangs_up():
    """Whatever breaks off before the 250, the caller may try again."""
    postern = Postern()
    with socket.create_server(("127.0.0.1", postern.port)) as server:
        def serve():
            client, _ = server.accept()
            client.sendall(b"220 h ESMTP\r\n")
            client.recv(100)
            client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        done = postern.sendmail("b@y.example", input=BODY)
        thread.join()
        assert done.returncode == 75 and b"try again" in done.stderr


def test_69_bp_without_a_daemon():
    done = Postern().sendmail("-bp")
    assert done.returncode == 69 and b"not running" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_77_bp_for_who_may_not(postern):
    done = postern.sendmail("-bp", user="daemon", group="daemon", extra_groups=[])
    assert done.returncode == 77 and b"group" in done.stderr


def test_78_a_broken_config(tmp_path):
    config = tmp_path / "postern.conf"
    config.write_text("fly = 1\n")
    done = subprocess.run([SENDMAIL, "-C", config, "b@y.example"], input=BODY, capture_output=True, timeout=30)
    assert done.returncode == 78 and b"fly" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_any_user_can_send(postern):
    entry = pwd.getpwnam("nobody")
    done = postern.sendmail("b@y.example", input=BODY, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
    assert done.returncode == 0, done
    assert postern.provider.wait_for(1)[0].mail_from == "nobody@relay.example"
