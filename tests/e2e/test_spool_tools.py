# SPDX-License-Identifier: ISC
"""posternctl spool check and export, and a daemon that starts over a damaged spool."""

import hashlib
import json
import os
import random
import re
import struct
import subprocess

import pytest
from postern import POSTERNCTL, Postern, Provider
from provider import wait_until

SEED = int(os.environ.get("POSTERN_SEED", "20261124"))
BIG = 700 * 1024


def content(n, size=300):
    line = b"%06d " % n + b"x" * 60 + b"\r\n"
    return b"From: a@x.example\r\nSubject: spool %d\r\n\r\n" % n + line * (size // len(line) + 1)


def tree(path):
    """Every file of a folder with its content's digest and time."""
    return {str(p.relative_to(path)): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
            for p in path.rglob("*") if p.is_file()}


class Filled:
    """A stopped postern with mail that waits: inline and large, several senders, one held, one deleted."""

    def __init__(self, postern):
        self.postern = postern
        self.sent = {}
        for n in range(12):
            text = content(n, BIG if n % 6 == 5 else 200 + 900 * n)
            self.sent[postern.send(text, f"s{n % 3}@x.example", [f"r{n}@y.example", f"q{n}@y.example"])] = text
        self.ids = list(self.sent)
        assert postern.ctl("hold", self.ids[1]).returncode == 0
        assert postern.ctl("delete", self.ids[2]).returncode == 0
        postern.stop()
        self.deleted = self.sent.pop(self.ids[2])
        self.spool = postern.spool

    def segments(self):
        return sorted((self.spool / "log").glob("*.seg"))

    def records(self):
        """(file, offset, id's number, envelope's length, content's length, is it inline) of each record."""
        for path in self.segments():
            data = path.read_bytes()
            for at in range(4096, len(data) - 63, 64):
                if data[at:at + 4] == b"PREC" and struct.unpack_from("<Q", data, at + 8)[0] == int(path.stem, 16):
                    kind, = struct.unpack_from("<I", data, at + 4)
                    length, = struct.unpack_from("<Q", data, at + 24)
                    envelope, = struct.unpack_from("<I", data, at + 36)
                    text = data[at + 64:at + 64 + envelope].decode()
                    yield path, at, re.search(r"^id (\w+)$", text, re.M)[1], envelope, length, kind == 1

    def record(self, id):
        return next(r for r in self.records() if r[2] == id)

    def check(self, *options):
        done = self.postern.ctl("spool", "check", "--json", *options)
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def filled():
    with Provider() as provider:
        with Postern(provider) as postern:
            postern.stop()
            port = postern.settings["upstream"]["provider"]["port"]
            postern.set(upstream={"port": 9})  # nobody listens there: everything waits
            postern.start()
            filled = Filled(postern)
            postern.set(upstream={"port": port})
            yield filled
            if postern.process is None:
                postern.start()


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def flip(path, at):
    patch(path, at, bytes([path.read_bytes()[at] ^ 1 << at % 8]))


def arrived_subjects(filled):
    """Of the messages themselves; a sender is told of a content that was lost in a report."""
    found = (re.search(rb"Subject: spool (\d+)", m.content) for m in filled.postern.provider.messages())
    return sorted(match[1] for match in found if match)


def subjects(filled, ids):
    return sorted(re.search(rb"Subject: spool (\d+)", filled.sent[id])[1] for id in ids)


# What each damage does: a function that does it and gives the ids that are lost, and the file that is named.


def hit_head(f, rng):
    path, at, id, *_ = f.record(rng.choice(f.ids[3:]))
    flip(path, at + rng.choice([*range(0, 48), 60, 63]))
    return {id}, path.name


def hit_envelope(f, rng):
    path, at, id, envelope, *_ = f.record(rng.choice(f.ids[3:]))
    flip(path, at + 64 + rng.randrange(envelope))
    return {id}, path.name


def hit_content(f, rng):
    path, at, id, envelope, length, _ = rng.choice([r for r in f.records() if r[5] and r[2] in f.ids[3:]])
    flip(path, at + 64 + envelope + rng.randrange(length))
    return {id}, path.name


def hit_large(f, rng):
    path = rng.choice(sorted((f.spool / "large").glob("*.msg")))
    flip(path, rng.randrange(path.stat().st_size))
    return {path.stem}, path.name


def cut_large(f, rng):
    path = rng.choice(sorted((f.spool / "large").glob("*.msg")))
    os.truncate(path, rng.randrange(path.stat().st_size))
    return {path.stem}, path.name


def hit_seal(f, rng):
    path = f.segments()[0]
    flip(path, 512 + rng.randrange(20))
    return set(), path.name


def hit_first_block(f, rng):
    path = f.segments()[0]
    flip(path, rng.randrange(24))
    return set(), path.name


def cut_segment(f, rng):
    records = list(f.records())
    path, at, *_ = rng.choice(records[3:])
    os.truncate(path, at + rng.randrange(1, 64))
    return {r[2] for r in records if r[0] == path and r[1] >= at}, path.name


def zero_page(f, rng):
    records = list(f.records())
    path, at, *_ = rng.choice(records[3:])
    page = at // 4096 * 4096
    patch(path, page, bytes(4096))
    lost = {r[2] for r in records if r[0] == path and r[1] < page + 4096
            and r[1] + 64 + r[3] + (r[4] if r[5] else 0) > page}
    return lost, path.name


def garbage_segment(f, rng):
    path = f.spool / "log" / "00000000000000ff.seg"
    path.write_bytes(rng.randbytes(20000))
    os.chown(path, f.spool.stat().st_uid, f.spool.stat().st_gid)
    return set(), path.name


def hit_outcomes(f, rng):
    path = next(p for p in sorted((f.spool / "log").glob("*.out")) if p.stat().st_size > 64)
    flip(path, rng.randrange(16))
    return set(), path.name


DAMAGES = [hit_head, hit_envelope, hit_content, hit_large, cut_large, hit_seal, hit_first_block, cut_segment, zero_page,
           garbage_segment, hit_outcomes]


def settle(filled, lost):
    """Start the daemon: everything sound but the held arrives, each once, and nothing else."""
    postern = filled.postern
    if postern.process is None:
        postern.start()
    postern.ctl("release", filled.ids[1])
    wanted = set(filled.sent) - lost
    wait_until(lambda: set(subjects(filled, wanted)) <= set(arrived_subjects(filled)), 60, "the sound messages")
    postern.wait_empty(lost=lost)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_damage_is_reported_exported_around_and_survived(filled, damage, tmp_path):
    rng = random.Random(f"{SEED} {damage.__name__}")
    print("seed", SEED)
    assert filled.check()[0] == 0
    lost, name = damage(filled, rng)
    lost -= {filled.ids[2]}
    before = tree(filled.spool)
    code, found = filled.check()
    assert code == 65 and tree(filled.spool) == before, "a check changes nothing"
    assert any(name in f["file"] and f["kind"] == "damage" and "offset" in f for f in found["findings"]), found

    done = filled.postern.ctl("spool", "export", str(tmp_path / "out"))
    assert done.returncode == 0, done
    assert tree(filled.spool) == before
    for id, text in filled.sent.items():
        if id not in lost:
            assert (tmp_path / "out" / f"{id}.eml").read_bytes().endswith(b"\r\n" + text)
    assert not lost & {p.stem for p in (tmp_path / "out").glob("*.eml")}

    settle(filled, lost)
    got = arrived_subjects(filled)
    if damage is hit_outcomes:  # of a lost outcome the message may come back
        assert set(subjects(filled, filled.sent)) <= set(got)
    else:
        assert got == subjects(filled, set(filled.sent) - lost)
    said = filled.postern.log("outcome_damage" if damage is hit_outcomes else "spool_damage")
    assert said and all("segment" in line and "offset" in line for line in said)
    if damage in (hit_envelope, hit_content, hit_large):
        assert lost <= {line.get("id") for line in said}, "the log names the message"
    assert list((filled.spool / "damaged").iterdir()) or damage is cut_segment


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_repaired_spool_is_sound(filled, damage):
    rng = random.Random(f"{SEED} {damage.__name__}")
    lost, name = damage(filled, rng)
    lost -= {filled.ids[2]}
    digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in filled.spool.rglob("*") if p.name == name}
    done = filled.postern.ctl("spool", "check", "--repair")
    assert done.returncode == 0, done
    code, found = filled.check()
    assert code == 0 and not found["findings"], found
    aside = filled.spool / "damaged" / name
    assert hashlib.sha256(aside.read_bytes()).hexdigest() == digests[name], "set aside as it was"
    settle(filled, lost)
    got = arrived_subjects(filled)
    assert set(got) - {b"2"} == set(subjects(filled, set(filled.sent) - lost))
    assert len(set(got)) == len(got)
    assert not filled.postern.log("spool_damage") and not filled.postern.log("outcome_damage")


def test_totals_of_a_sound_spool(filled):
    code, found = filled.check()
    assert code == 0 and found["findings"] == [] and found["damage"] == 0
    assert (found["waiting"], found["held"], found["done"]) == (10, 1, 1)
    assert found["large_without_record"] == 0 and found["outcomes"] > 0
    text = filled.postern.ctl("spool", "check", "--spool", str(filled.spool)).stdout
    assert "12 messages: 10 waiting, 1 held, 1 done" in text


def test_export_writes_our_lines_and_never_over_a_file(filled, tmp_path):
    id = filled.ids[0]
    done = filled.postern.ctl("spool", "export", "--id", id, str(tmp_path))
    assert done.returncode == 0 and done.stdout.startswith("1 message exported")
    file = tmp_path / f"{id}.eml"
    head = (f"Return-Path: <s0@x.example>\r\nX-Envelope-To: <r0@y.example>\r\nX-Envelope-To: <q0@y.example>\r\n"
            f"X-Postern-Id: {id}\r\n").encode()
    assert file.read_bytes().startswith(head) and file.read_bytes().endswith(filled.sent[id])
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("mine")
    assert filled.postern.ctl("spool", "export", "--id", id, str(tmp_path)).returncode == 73
    assert file.read_text() == "mine"


def test_export_of_what_is_done(filled, tmp_path):
    id = filled.ids[2]
    assert filled.postern.ctl("spool", "export", "--id", id, str(tmp_path)).returncode == 66
    assert filled.postern.ctl("spool", "export", "--id", id, "--all", str(tmp_path)).returncode == 0
    assert (tmp_path / f"{id}.eml").read_bytes().endswith(filled.deleted)


def test_a_damaged_content_is_exported_as_far_as_it_goes(filled, tmp_path):
    path = sorted((filled.spool / "large").glob("*.msg"))[0]
    os.truncate(path, 5000)
    assert filled.postern.ctl("spool", "export", str(tmp_path)).returncode == 0
    data = (tmp_path / f"{path.stem}.damaged.eml").read_bytes()
    assert data.startswith(b"Return-Path: <s2@x.example>") and data.endswith(path.read_bytes())


@pytest.mark.parametrize("arguments, code", [
    (["check"], 75), (["export", "out"], 75), (["check", "--spool", "/nonexistent"], 66), (["check", "--spool", "/usr"], 66),
    (["export", "--spool", "/usr", "/nonexistent/out"], 66), (["check", "x"], 64),
    (["fly"], 64), ([], 64), (["export"], 64), (["check", "--all"], 64), (["export", "--id", "x", "out"], 66),
])
def test_refusals(arguments, code):
    with Provider() as provider, Postern(provider) as postern:
        done = postern.ctl("spool", *arguments)
        assert done.returncode == code and done.stderr.strip(), done


def test_findings_that_cannot_be_written_are_an_error(filled):
    with open("/dev/full", "w") as full:
        done = subprocess.run([POSTERNCTL, "-c", filled.postern.config_file, "spool", "check"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 74 and "No space left" in done.stderr


def test_what_cannot_be_opened_is_named_and_holds_up_nothing(filled, tmp_path):
    """A folder for a segment, one for outcomes, a pipe for a large content; and a directory of the spool that is gone."""
    odd = filled.spool / "log" / "00000000000000fe.seg"
    odd.mkdir()
    outcomes = next((filled.spool / "log").glob("*.out"))
    outcomes.unlink()
    outcomes.mkdir()
    large = sorted((filled.spool / "large").glob("*.msg"))[0]
    large.unlink()
    os.mkfifo(large, 0o600)
    os.chown(large, filled.spool.stat().st_uid, filled.spool.stat().st_gid)
    os.chown(outcomes, filled.spool.stat().st_uid, filled.spool.stat().st_gid)
    code, found = filled.check()
    assert code == 65
    named = {f["file"] for f in found["findings"]}
    assert {f"log/{odd.name}", f"log/{outcomes.name}", f"large/{large.name}"} <= named, found
    assert filled.postern.ctl("spool", "export", str(tmp_path / "out")).returncode == 0
    assert len(list((tmp_path / "out").glob("*.eml"))) >= 11

    filled.postern.start()
    wanted = subjects(filled, set(filled.sent) - {large.stem, filled.ids[1]})
    wait_until(lambda: set(wanted) <= set(arrived_subjects(filled)), 60, "the sound messages")
    assert any(line["segment"] == str(0xfe) for line in filled.postern.log("spool_damage"))
    assert odd.is_dir()
    # Each message is said to be damaged once, though its report is written from the same record.
    assert len([line for line in filled.postern.log("spool_damage") if line.get("id") == large.stem]) == 1


def test_outcomes_that_cannot_be_read_hold_up_their_segment_alone(filled):
    """As after a restore by root: nothing of it is sent, for some was done; and all of it once they can be read."""
    outcomes = next(p for p in (filled.spool / "log").glob("*.out") if p.stat().st_size > 0)
    was = outcomes.stat()
    os.chown(outcomes, os.geteuid(), os.getegid())
    outcomes.chmod(0o600 if os.geteuid() == 0 else 0)
    postern = filled.postern
    postern.start()
    wait_until(lambda: postern.log("outcomes_unreadable"), 20, "word of it")
    new = postern.send(content(77))
    wait_until(lambda: b"77" in arrived_subjects(filled), 20, "new mail")
    assert arrived_subjects(filled) == [b"77"]
    assert not list((filled.spool / "damaged").iterdir()) and new
    unread, = json.loads(postern.ctl("status", "--json").stdout)["unread"]
    assert unread["segment"] == int(outcomes.stem, 16) and unread["messages"] >= 1
    for said in (postern.ctl("queue").stdout, postern.ctl("status").stdout, postern.ctl("queue", "--json").stderr):
        assert f"segment {outcomes.stem} is neither listed nor sent, up to {unread['messages']} messages" in said
    os.chown(outcomes, was.st_uid, was.st_gid)
    outcomes.chmod(0o600)
    wait_until(lambda: postern.ctl("release", filled.ids[1]).returncode == 0, 20, "the message that is held")
    assert json.loads(postern.ctl("status", "--json").stdout)["unread"] == []
    settle(filled, set())
    assert arrived_subjects(filled) == sorted([*subjects(filled, filled.sent), b"77"])


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user")
def test_a_large_content_that_cannot_be_read_is_no_damage(filled):
    """A repair moves nothing that may be sound, least of all accepted mail."""
    large = sorted((filled.spool / "large").glob("*.msg"))[0]
    owner = filled.spool.stat()
    os.chown(large, 0, 0)
    large.chmod(0o600)
    os.chown(filled.spool / "lock", owner.st_uid, owner.st_gid)
    before = tree(filled.spool)
    done = subprocess.run([POSTERNCTL, "spool", "check", "--json", "--repair", "--spool", str(filled.spool)],
                          user=owner.st_uid, group=owner.st_gid, extra_groups=[], capture_output=True, timeout=30)
    found, = json.loads(done.stdout)["findings"]
    assert found["file"] == f"large/{large.name}" and found["kind"] == "unreadable"
    assert done.returncode == 77 and b"left as it is" in done.stderr, done
    assert tree(filled.spool) == before
    os.chown(large, owner.st_uid, owner.st_gid)
    filled.postern.start()
    settle(filled, set())


def test_a_copy_without_lock_and_directories_is_read(filled, tmp_path):
    copy = tmp_path / "copy"
    (copy / "log").mkdir(parents=True)
    for path in (filled.spool / "log").iterdir():
        (copy / "log" / path.name).write_bytes(path.read_bytes())
    done = filled.postern.ctl("spool", "check", "--spool", str(copy))
    assert done.returncode == 65 and "large/ is missing" in done.stderr and "damaged/ is missing" in done.stderr, done
    assert filled.postern.ctl("spool", "check", "--repair", "--spool", str(copy)).returncode == 73
    done = filled.postern.ctl("spool", "export", "--spool", str(copy), str(tmp_path / "out"))
    assert done.returncode == 0
    for id, text in filled.sent.items():
        if len(text) < BIG:
            assert (tmp_path / "out" / f"{id}.eml").read_bytes().endswith(text)


def test_a_torn_end_is_no_clean_bill(filled):
    """In a spool that was killed the last record may have been acknowledged."""
    path = filled.segments()[-1]
    *_, (_, at, id, *_) = [r for r in filled.records() if r[0] == path]
    patch(path, 512, bytes(64))
    flip(path, at + 20)
    code, found = filled.check()
    assert code == 65 and found["torn"] == 1 and found["damage"] == 0
    assert found["findings"][0]["offset"] == at


def outcome_ends(path):
    """Where the first mark ends, and each outcome behind it."""
    data, at = path.read_bytes(), 16
    while at < len(data) - 16:
        yield at
        at += struct.unpack_from("<H", data, at + 4)[0]
    assert at == len(data) - 16
    yield at


@pytest.mark.parametrize("is_repaired", [True, False], ids=["repair", "start"])
def test_outcomes_cut_between_two_are_told(filled, is_repaired):
    path = next(p for p in sorted((filled.spool / "log").glob("*.out")) if p.stat().st_size > 32)
    for end in [*reversed(list(outcome_ends(path))), 0]:
        os.truncate(path, end)
        code, found = filled.check()
        finding, = found["findings"]
        assert code == 65 and found["torn"] == 1 and found["damage"] == 0
        assert (finding["file"], finding["offset"], finding["length"]) == (f"log/{path.name}", end, 0)
    if is_repaired:
        assert filled.postern.ctl("spool", "check", "--repair").returncode == 0
        assert filled.check()[0] == 0
    settle(filled, set())
    said = [(line["segment"], line["offset"]) for line in filled.postern.log("outcomes_cut")]
    assert said == ([] if is_repaired else [(str(int(path.stem, 16)), "0")])
    filled.postern.stop()
    assert filled.check()[0] == 0, "told once"


def test_lost_outcomes_cost_no_message(filled):
    gone = sorted(path.name for path in (filled.spool / "log").glob("*.out"))
    for name in gone:
        (filled.spool / "log" / name).unlink()
    code, found = filled.check()
    assert code == 65 and found["outcomes"] == 0 and found["done"] == 0 and found["torn"] == 0
    assert [finding["file"] for finding in found["findings"]] == [f"log/{name}" for name in gone]
    settle(filled, set())
    assert len(filled.postern.log("outcome_damage", what="outcomes are missing: their file was taken away")) == len(gone)
    got = arrived_subjects(filled)  # what was deleted comes back
    assert len(set(got)) == len(got) and set(subjects(filled, filled.sent)) <= set(got)
