# SPDX-License-Identifier: ISC
"""posternctl with a selection of messages: each criterion, all of them together, and what may go wrong."""

import ctypes
import errno
import json
import os
import socket
import struct
import subprocess

import pytest
from postern import POSTERNCTL, Postern, wait_until
from talk import Talk
from test_ctl import SLOW, curl, ok, queue

SENT = {"one": ("a@x.example", ["b@y.example"]), "two": ("A@X.example", ["c@z.example", "b@y.example"]),
        "three": ("news@n.example", ["c@z.example"])}


@pytest.fixture
def three(provider):
    """A posternd with the messages of SENT, deferred for different reasons, with their ids by name."""
    with Postern(provider, queue=SLOW) as postern:
        postern.ids = {}
        for name, (sender, to) in SENT.items():
            provider.clear_faults()
            provider.fault(f"rcpt=reply:450 4.2.1 {'mailbox busy' if name == 'one' else 'Greylisted'}")
            postern.ids[name] = postern.send(sender=sender, to=to)
            postern.wait_log("deferred", id=postern.ids[name])
        provider.clear_faults()
        yield postern


def transaction(i):
    """One of many, to be sent in a row."""
    return b"MAIL FROM:<s%d@x.example>\r\nRCPT TO:<b%d@y.example>\r\nBDAT 17 LAST\r\nSubject: t\r\n\r\nx\r\n" % (i % 3, i)


@pytest.fixture
def many(provider):
    """A posternd with 3000 messages and nowhere to send them."""
    provider.stop()
    with Postern(provider, queue=SLOW) as postern:
        with Talk(postern.port) as talk:
            talk.starts()
            for i in range(0, 3000, 100):
                talk.send(b"".join(map(transaction, range(i, i + 100))))
                assert all(talk.reply()[0] == "2" for _ in range(300))
        wait_until(lambda: postern.status()["queue"]["messages"] == 3000, what="3000 messages")
        yield postern


def names(postern, *selection):
    """The names of the messages that are selected."""
    listed = {m["id"] for m in json.loads(ok(postern.ctl("queue", "--json", *selection)))}
    return {name for name, id in postern.ids.items() if id in listed}


def count(postern):
    return json.loads(ok(postern.ctl("status", "--json")))["queue"]["messages"]


def wait_recovered(postern):
    """Wait until it counts all that is in the spool."""
    wait_until(lambda: postern.status().get("recovered"), 30, "the end of the recovery")


@pytest.mark.parametrize("selection, expected", [
    (["--from", "a@x.example"], {"one", "two"}),
    (["--from=*@N.EXAMPLE"], {"three"}),
    (["--from", "<>"], set()),
    (["--to", "c@z.example"], {"two", "three"}),
    (["--to", "*@y.*"], {"one", "two"}),
    (["--older", "0s"], {"one", "two", "three"}),
    (["--older", "1h"], set()),
    (["--reason", "greylist"], {"two", "three"}),
    (["--state", "waiting"], {"one", "two", "three"}),
    (["--state", "held"], set()),
    (["--from", "a@x.example", "--to", "c@z.example", "--reason", "450", "--older", "0", "--state", "waiting"],
     {"two"}),
])
def test_queue_shows_the_selection(three, selection, expected):
    assert names(three, *selection) == expected
    text = ok(three.ctl("queue", *selection))
    if expected:
        assert f"{len(expected)} message" in text and text.strip().endswith(("match", "matches"))
    else:
        assert text == "No message matches.\n"


def test_delete_a_selection(three):
    assert ok(three.ctl("delete", "--from", "a@x.example", "--reason", "greylisted")) == "1 message deleted\n"
    assert names(three) == {"one", "three"}
    assert three.wait_log("removed", id=three.ids["two"])
    three.restart()
    assert names(three) == {"one", "three"}


def test_retry_a_selection(three):
    assert ok(three.ctl("retry", "--reason", "greylisted")) == "2 messages due now\n"
    for name in ("two", "three"):
        three.wait_log("delivered", id=three.ids[name])
    assert names(three) == {"one"}


def test_hold_and_release_a_selection(three):
    assert ok(three.ctl("hold", "--to", "*@z.example")) == "2 messages held\n"
    assert "held already" in ok(three.ctl("hold", "--to", "*@z.example"))
    assert names(three, "--state", "held") == {"two", "three"}
    assert ok(three.ctl("retry", "--older", "0")) == "1 message due now\n"
    assert ok(three.ctl("release", "--from", "*@x.example")) == "1 message released\n"
    three.wait_log("delivered", id=three.ids["two"])
    three.wait_log("delivered", id=three.ids["one"])
    assert names(three) == {"three"}
    assert ok(three.ctl("release", "--all")) == "1 message released\n"
    three.wait_log("delivered", id=three.ids["three"])


@pytest.mark.parametrize("verb", ["retry", "hold", "release", "delete"])
def test_nothing_matches(three, verb):
    assert "message matches" in ok(three.ctl(verb, "--from", "nobody@x.example"))
    assert names(three) == set(SENT)


def test_several_ids(three):
    text = ok(three.ctl("delete", three.ids["one"], three.ids["three"]))
    assert text == f"{three.ids['one']}: done\n{three.ids['three']}: done\n"
    assert names(three) == {"two"}
    mixed = three.ctl("delete", three.ids["one"], three.ids["two"])
    assert mixed.returncode == 66 and "no such message" in mixed.stderr and three.ids["two"] in mixed.stdout
    assert names(three) == set()


def test_what_is_being_sent_is_left(three):
    three.provider.fault("dot=silence,count=1")
    three.ctl("retry", three.ids["one"])
    wait_until(lambda: names(three, "--state", "sending") == {"one"}, what="a message being sent")
    done = three.ctl("delete", "--all")
    assert done.returncode == 75 and done.stdout == "2 messages deleted\n" and "1 is being sent" in done.stderr
    assert names(three) == {"one"}
    three.provider.drop_all()  # so that the stop waits for no reply


# Many messages


def test_delete_of_many_goes_on_with_other_requests(many):
    assert ok(many.ctl("delete", "--from", "s1@x.example")) == "1000 messages deleted\n"
    assert ok(many.ctl("queue", "--from", "s1@x.example")) == "No message matches.\n"
    assert ok(many.ctl("delete", "--to", "b*9@y.example", "--from", "s0@x.example")) == "100 messages deleted\n"
    assert ok(many.ctl("delete", "--all")) == "1900 messages deleted\n"
    assert count(many) == 0
    many.restart()
    wait_recovered(many)
    assert count(many) == 0


def test_a_spool_that_cannot_be_written_stops_the_order(many):
    log = many.spool / "log"
    log.chmod(0o500)  # no file of outcomes can be made
    try:
        done = many.ctl("delete", "--from", "s1@x.example")
        assert done.returncode == 75 and done.stdout == ""
        assert "could not be written" in done.stderr and "done before that: 0;" in done.stderr
        assert count(many) == 3000
    finally:
        log.chmod(0o700)
    assert ok(many.ctl("delete", "--from", "s1@x.example")) == "1000 messages deleted\n"


@pytest.mark.parametrize("arguments", [["queue"], ["queue", "--json"]])
@pytest.mark.parametrize("sigpipe", [True, False])
def test_a_listing_ends_with_its_reader(many, arguments, sigpipe):
    """As `posternctl queue | head -1` does, also where SIGPIPE is ignored."""
    listing = subprocess.Popen([POSTERNCTL, "-c", many.config_file, *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, restore_signals=sigpipe)
    assert listing.stdout.readline()
    listing.stdout.close()
    assert listing.stderr.read() == b"" and listing.wait(30) in ((-13,) if sigpipe else (0,))
    listing.stderr.close()
    assert count(many) == 3000


def test_output_that_cannot_be_written_is_an_error(many):
    with open("/dev/full", "w") as full:
        done = subprocess.run([POSTERNCTL, "-c", many.config_file, "queue"], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=30)
    assert done.returncode == 74 and "No space left" in done.stderr


def ask(postern, request):
    """A client of the socket that reads nothing."""
    client = socket.socket(socket.AF_UNIX)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(str(postern.control))
    client.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    return client


def test_a_slow_reader_holds_up_nobody_and_the_stop_does_not_wait(many):
    """The listing waits for its reader; the daemon goes on, and ends, with it."""
    with ask(many, "GET /queue"):
        assert ok(many.ctl("delete", "--from", "s1@x.example")) == "1000 messages deleted\n"
        many.stop()
    many.start()
    wait_recovered(many)
    assert count(many) == 2000


def test_readers_that_leave_leave_nothing(many):
    for request in ("GET /queue", "GET /queue?from=s1@x.example", "POST /queue/hold?to=*9@y.example"):
        for read in (0, 1000):
            with ask(many, request) as client:
                if read:
                    assert client.recv(read).startswith(b"HTTP/1.1 200")
    assert count(many) == 3000


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def held(postern):
    return json.loads(ok(postern.ctl("status", "--json")))["queue"]["held"]


@pytest.mark.parametrize("query", ["all=1", "from=*@*"])
def test_an_order_ends_with_its_client(provider, query):
    """Half of it may be done then; the daemon goes on, and what was done stays done."""
    provider.stop_listening()
    with Postern(provider, queue=SLOW) as postern:
        postern.load(20000)
        pid = postern.worker("outbound")
        ok(postern.ctl("hold", "--all"))  # the file of outcomes is open from now on
        ok(postern.ctl("release", "--all"))
        before = open_files(pid)
        cut = [0, 0]  # orders that ended in their middle: of clients that left at once, and amid the answer
        for attempt in range(20):
            with ask(postern, f"POST /queue/hold?{query}") as client:
                if attempt % 2:
                    assert client.recv(1) == b"H"
            wait_until(lambda: open_files(pid) <= before, 30, "the end of the order")
            done = held(postern)
            cut[attempt % 2] += 0 < done < 20000
            ok(postern.ctl("release", "--all"))
            assert held(postern) == 0
            if all(cut):
                break
        assert all(cut), "no order was cut short in its middle"
        assert count(postern) == 20000


def refuse_segments():
    """Between fork and exec: the kernel has no descriptor for whoever opens a segment to read it, so that recovery waits."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(0x7FFF0000)))  # SCMP_ACT_ALLOW
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # as spool/tail.c has it, and nobody else
    third = struct.pack("=IIQQ", 2, 4, flags, 0)  # struct scmp_arg_cmp: the third argument, SCMP_CMP_EQ
    assert seccomp.seccomp_rule_add_array(rules, ctypes.c_uint32(0x00050000 | errno.EMFILE),
                                          seccomp.seccomp_syscall_resolve_name(b"openat"), ctypes.c_uint(1), third) == 0
    assert seccomp.seccomp_load(rules) == 0


def test_orders_are_refused_until_the_spool_is_read(provider):
    """The queue is only a part of itself until then: an order would miss some, and a listing waits."""
    provider.stop_listening()
    with Postern(provider, queue=SLOW) as postern:
        ids = {postern.send() for _ in range(3)}
        postern.stop()
        postern.before_exec = refuse_segments
        postern.start(wait=False)
        wait_until(postern.status, 30, "the control socket")
        assert json.loads(ok(postern.ctl("status", "--json")))["recovered"] is False
        for order in (["retry"], ["retry", "--all"], ["retry", "--from", "*@*"], ["hold", "--all"], ["release", "--all"],
                      ["delete", "--older", "0"], ["delete", min(ids)]):
            refused = postern.ctl(*order)
            assert (refused.returncode, refused.stdout) == (75, "") and "still being read" in refused.stderr, order
        code, body = curl(postern, "-X", "POST", "/queue/delete?all=1")
        assert code == 503 and "still being read" in body["error"]
        listing = subprocess.Popen([POSTERNCTL, "-c", postern.config_file, "queue", "--json"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            listing.wait(0.5)
        postern.stop()
        assert listing.wait(30) != 0 and listing.communicate()[0] == b""
        postern.before_exec = None
        postern.start()
        assert {m["id"] for m in json.loads(ok(postern.ctl("queue", "--json")))} == ids
        assert ok(postern.ctl("delete", "--all")) == "3 messages deleted\n"
        assert count(postern) == 0


# Errors


@pytest.mark.parametrize("arguments, says", [
    (["delete"], "--all"), (["hold"], "--all"), (["release"], "--all"),
    (["delete", "--older", "soon"], "30m"), (["queue", "--older", "-5"], "30m"),
    (["delete", "--from", "x.example"], "*@example.com"), (["queue", "--to", "<>"], "only a sender"),
    (["queue", "--state", "gone"], "ready, waiting, sending or held"), (["queue", "--reason", ""], "empty"),
    (["queue", "--all"], "--all"), (["queue", "--size", "5"], "--size"), (["delete", "--from"], "needs a value"),
    (["delete", "--from", "a@b.example", "--from", "c@d.example"], "twice"),
    (["delete", "--all", "--from", "a@b.example"], "either"), (["retry", "--all", "--to", "a@b.example"], "either"),
    (["delete", "1M85AQKBD0000", "--all"], "not both"), (["delete", "--json", "--all"], "--json"),
    (["reload", "now"], "now"),
])
def test_wrong_selections_say_what_is_right(postern, arguments, says):
    done = postern.ctl(*arguments)
    assert done.returncode == 64 and says in done.stderr and done.stdout == "", done


@pytest.mark.parametrize("method, path", [
    ("POST", "/queue/delete"), ("POST", "/queue/delete?"), ("POST", "/queue/delete?from=x.example"),
    ("POST", "/queue/retry?older=x"), ("GET", "/queue?color=red"), ("POST", "/queue/delete?all=0"),
    ("POST", "/queue/delete?from=%2a%00@x.example"),
])
def test_curl_is_told_of_wrong_selections(three, method, path):
    code, body = curl(three, "-X", method, path)
    assert code == 400 and body["error"]
    assert names(three) == set(SENT)


def test_curl_orders_for_a_selection(three):
    assert curl(three, "-X", "POST", "/queue/delete?from=*%40x.example&older=0") == (200, {"done": 2, "busy": 0})
    assert [m["id"] for m in curl(three, "/queue?to=*@z.example")[1]] == [three.ids["three"]]


def test_errors_are_no_json_output(postern):
    """What the daemon refuses goes to stderr, and the exit status tells."""
    directory = os.path.dirname(postern.control)
    path = os.path.join(directory, "refuses.sock")
    body = json.dumps({"error": "this process is just being replaced"})
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        for command in (["queue", "--json"], ["status", "--json"], ["queue"]):
            asking = subprocess.Popen([POSTERNCTL, "-s", path, *command], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(f"HTTP/1.1 503 Gone\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
                out, err = asking.communicate(timeout=30)
            assert (asking.returncode, out) == (75, "") and "being replaced" in err


def test_an_order_that_broke_off_says_how_far_it_came(postern):
    path = os.path.join(os.path.dirname(postern.control), "breaks.sock")
    body = json.dumps({"done": 7, "busy": 1, "error": "the spool could not be written; 7 messages were done"})
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        asking = subprocess.Popen([POSTERNCTL, "-s", path, "delete", "--all"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        client, _ = server.accept()
        with client:
            assert client.recv(4096).startswith(b"POST /queue/delete?all=1 ")
            client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            out, err = asking.communicate(timeout=30)
    assert asking.returncode == 75 and out == "7 messages deleted\n" and "could not be written" in err
