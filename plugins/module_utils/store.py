# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target half for POSIX hosts: looks at Codex homes (describe) and changes their files (apply).

Runs on the target, from standard input, under ``python -I -S`` 3.6 or later, with the standard
library only; plugins/plugin_utils/transport.py sends it. It takes one request and prints one
answer, both JSON, as docs/architecture.md lays down. It decides nothing about credentials: it
reports what is there, without secrets, and does the operations it is given, each only if the file
is still what the controller saw.

From top to bottom: accounts, folders, describing files, writing files, running processes, operations,
Codex, main.
"""

# Nothing of the future is imported: Python 3.6 has no postponed annotations, so there are none.
__metaclass__ = type

import base64
import errno
import fcntl
import hashlib
import json
import os
import pwd
import re
import signal
import stat
import sys
import time

PROTOCOL = 2
MARK = "fleet.codex answer "  # what stands before the answer, which may follow a shell's own chatter
TEMPORARY = ".fleet-codex-"  # prefix of files this program makes and removes; Codex uses others
SIZE_LIMIT = 4 * 1024 * 1024  # bytes; a larger auth.json or config.toml is not read
CODEX_MODULES = ("shutil", "subprocess", "tempfile")  # what running a `codex` takes; costly, and rarely needed
LOCK_TIME_LIMIT = 20  # seconds to wait for Codex's locks; it holds them for moments
CODEX_TIME_LIMIT = 30  # seconds that a `codex` may take


class Obstacle(Exception):
    """A home that cannot be worked on; the controller turns the reason into a sentence."""

    def __init__(self, reason, **details):
        Exception.__init__(self, reason)
        self.facts = dict(details, reason=reason)


class Conflict(Exception):
    """A file is no longer what the controller saw."""


# ---------------------------------------------------------------------------------- accounts


def find_account(name, environment):
    """The account as a dict of name, uid, gid, home, shell; `name` None is the one running this.

    HOME counts only when the task's own `environment:` says so: what sudo, su and containers
    leave in it is often another account's.
    """
    if name is None:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError:  # a container with an arbitrary uid
            home, number = os.environ.get("HOME", "/"), os.geteuid()
            entry = pwd.struct_passwd((str(number), "", number, os.getegid(), "", home, ""))
        home = environment.get("HOME") or entry.pw_dir
    else:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise Obstacle("unknown_account", user=name) from None
        home = entry.pw_dir
    if os.geteuid() not in (0, entry.pw_uid):
        raise Obstacle("needs_root", user=name, running=owner_name(os.geteuid()))
    if not os.path.isabs(home):
        raise Obstacle("relative", path=home)
    home = os.path.normpath(home)
    return {"name": entry.pw_name, "uid": entry.pw_uid, "gid": entry.pw_gid, "home": home, "shell": entry.pw_shell}


def every_account():
    """The names of all accounts of the account database that have a ~/.codex; root alone can tell."""
    names = []
    for entry in pwd.getpwall():
        account = find_account(entry.pw_name, {}) if os.path.isabs(entry.pw_dir) else None
        # With the account's rights: on a network file system root may see nothing.
        if account and looking_as(account, lambda home=account["home"]: os.path.isdir(os.path.join(home, ".codex"))):
            names.append(entry.pw_name)
    return names


def owner_name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def looking_as(account, work):
    """work()'s result with the account's rights, which root takes on for the while.

    For describe: a child for each account would cost ten times as much. The real user stays root, so
    no process of the account can signal or trace this one. What writes, or runs a program of the
    account's, is done in as_account().
    """
    if os.geteuid() == account["uid"]:
        return work()
    if sys.platform == "darwin":  # where a process has at most 16 groups, and an account may have more
        return as_account(account, work)
    group, groups = os.getegid(), os.getgroups()
    try:
        os.setgroups(os.getgrouplist(account["name"], account["gid"]))
        os.setegid(account["gid"])
        os.seteuid(account["uid"])
        return work()
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def as_account(account, work):
    """work()'s result, JSON-able; run in a child that has become the account, when root is not it."""
    if os.geteuid() == account["uid"]:
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            os.initgroups(account["name"], account["gid"])
            os.setgid(account["gid"])
            os.setuid(account["uid"])
            os.environ.update(HOME=account["home"], USER=account["name"], LOGNAME=account["name"])
            with os.fdopen(writer, "w") as out:
                json.dump(guarded(work), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    try:
        return json.loads(text)
    except ValueError:
        raise Obstacle("child_died", user=account["name"]) from None


def guarded(work):
    """work()'s result, or what stands in its way, as an answer."""
    try:
        return work()
    except Obstacle as obstacle:
        return {"obstacle": obstacle.facts}
    except OSError as error:
        return {"obstacle": failure(error)}


def failure(error, path=None):
    """An OSError as the facts of an obstacle; never its arguments beyond path and cause."""
    return {
        "reason": "system",
        "code": errno.errorcode.get(error.errno, str(error.errno)),
        "cause": os.strerror(error.errno) if error.errno else type(error).__name__,
        "path": path or error.filename,
    }


# ----------------------------------------------------------------------------------- folders


def walk(start, path):
    """Every step of a path from a folder on, links resolved one by one, as (path, lstat).

    Second: whether the path's end was reached; it is not where a step is missing or out of reach.
    """
    steps, current, pending = [], start, path.split("/")
    while pending:
        name = pending.pop(0)
        if name == "..":
            current = os.path.dirname(current)
        elif name not in ("", "."):
            step = os.path.join(current, name)
            try:
                status = os.lstat(step)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                return steps, False
            steps.append((step, status))
            if stat.S_ISLNK(status.st_mode):
                if len(steps) > 200:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(step)
                pending = target.split("/") + pending
                current = "/" if target.startswith("/") else current
            else:
                current = step
    return steps, True


def describe_folder(path, account):
    """The Codex home's kind and mode; raises Obstacle where no home can stand there.

    Every folder and link on the way must belong to root or to the account, since whoever owns one can
    put another home in its place. Inside the account's own home the way starts there.
    """
    home = os.path.realpath(account["home"])
    own = path.startswith(account["home"].rstrip("/") + "/")
    if own and not os.path.isdir(home):
        raise Obstacle("no_home", user=account["name"], path=account["home"])
    folder = home if own else "/"
    steps, complete = walk(folder, path[len(account["home"]) :] if own else path)
    for step, status in steps:
        if status.st_uid not in (0, account["uid"]):
            raise Obstacle("foreign", path=step, owner=owner_name(status.st_uid), user=account["name"])
        if stat.S_ISDIR(status.st_mode):
            folder = step
        elif not stat.S_ISLNK(status.st_mode):
            raise Obstacle("not_a_directory", path=step)
    if not complete:
        if os.path.islink(path):
            raise Obstacle("dangling", path=path)
        return {"path": path, "kind": "absent", "below": folder}
    status = os.stat(folder)
    if status.st_uid != account["uid"]:
        raise Obstacle("foreign", path=folder, owner=owner_name(status.st_uid), user=account["name"])
    return {"path": path, "kind": "directory", "mode": stat.S_IMODE(status.st_mode)}


def root_alone_leads(path):
    """Whether nobody but root can change where a path leads: no folder and no link on the way is another's."""
    steps, _complete = walk("/", path)
    return all(s.st_uid == 0 and (stat.S_ISLNK(s.st_mode) or not s.st_mode & 0o022) for _path, s in steps)


def make_folder(path, mode):
    """Makes a folder and those above it that are missing, as whoever runs this."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        make_folder(parent, 0o755)
    os.mkdir(path, mode)
    os.chmod(path, mode)  # whatever the umask


def make_folder_for(path, account, mode):
    """As root, for an account that cannot: a folder below folders that root alone can write."""
    real = os.path.realpath(path)
    make_folder(real, mode)
    os.chown(real, account["uid"], account["gid"])


# --------------------------------------------------------------------------- describing files

KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def read_file(path):
    """A regular file's bytes; None where there is none. Opening never waits for a FIFO's writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(SIZE_LIMIT + 1)


def digest(data):
    return None if data is None else hashlib.sha256(data).hexdigest()


def describe_file(path, report):
    """A file's kind, mode, owner and digest, and what `report` asks for.

    report: "auth" for a summary without secrets, "content" for the text (base64), "variables" for the
    names that NAME=value lines set, {"lines": marker} for the lines that carry the marker, None for no more.
    """
    facts = {"path": path, "kind": "absent"}
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            facts["link"] = os.readlink(path)
            facts["kind"] = "dangling"
            status = os.stat(path)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            facts["kind"] = "unreadable"
        return facts
    facts["kind"] = next((name for test, name in KINDS if test(status.st_mode)), "other")
    facts["mode"] = stat.S_IMODE(status.st_mode)
    facts["owner"] = owner_name(status.st_uid)
    if facts["kind"] != "file":
        return facts
    try:
        data = read_file(path)
        for _attempt in range(5):
            # Codex up to 0.166 truncates auth.json before it writes: look again, it takes moments.
            if report != "auth" or data is None or "malformed" not in summarise_auth(data):
                break
            time.sleep(0.05)
            data = read_file(path)
    except OSError as error:
        facts.update(failure(error, path), kind="unreadable")
        return facts
    if data is None:  # removed since lstat
        return {"path": path, "kind": "absent"}
    facts["sha256"] = digest(data)
    if len(data) > SIZE_LIMIT:
        facts["kind"] = "oversized"
    elif report == "auth":
        facts["auth"] = summarise_auth(data)
        facts["hard_links"] = status.st_nlink
        facts["mount_point"] = is_mount_point(os.path.realpath(path))
    elif report == "content":
        facts["content"] = base64.b64encode(data).decode("ascii")
    elif report == "variables":
        found = re.findall(r"^[ \t]*(?:export[ \t]+)?(\w+)=[\"']?[^\s\"']", data.decode("utf-8", "replace"), re.M)
        facts["variables"] = sorted(set(found))
    elif report:
        marker = report["lines"].encode("utf-8")
        lines = [line for line in data.split(b"\n") if line.rstrip().endswith(marker)]
        facts["lines"] = [line.decode("utf-8", "replace") for line in lines]
    return facts


def is_mount_point(path):
    """Whether a file is mounted by itself, which its device number does not tell; Linux only, else False."""
    escaped = path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            return any(line.split(" ")[4] == escaped for line in mounts)
    except OSError:
        return False


TOKENS = ("id_token", "access_token", "refresh_token")
KEYS = ("OPENAI_API_KEY", "personal_access_token")
CLAIMS = ("email", "sub", "iat", "exp")
AUTH_CLAIMS = ("chatgpt_account_id", "chatgpt_plan_type", "chatgpt_user_id")


def summarise_auth(data):
    """What an auth.json says, its secrets as SHA-256 only; {"malformed": True} where Codex fails.

    What Codex refuses was measured on 0.20.0 to 0.169.0: a BOM, another encoding than UTF-8,
    duplicate keys, anything but an object, tokens that lack one of the three, an id token that is no JWT.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=unique_object)
        tokens = document.get("tokens")
        secrets = {name: tokens[name] for name in TOKENS} if tokens is not None else {}
        if tokens is not None and not is_jwt(tokens["id_token"]):
            raise ValueError("id_token")
        secrets.update((name, document[name]) for name in KEYS if document.get(name))
        return {
            "fields": sorted(name for name in document if document[name] is not None),
            "auth_mode": text_or_none(document.get("auth_mode")),
            "last_refresh": text_or_none(document.get("last_refresh")),
            "account_id": text_or_none(tokens.get("account_id")) if tokens is not None else None,
            "secrets": {name: digest(secrets[name].encode("utf-8")) for name in secrets},
            "claims": {name: read_claims(tokens[name]) for name in TOKENS[:2]} if tokens is not None else {},
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {"malformed": True}


def unique_object(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def text_or_none(value):
    if value is not None and not isinstance(value, str):
        raise TypeError("not a string")
    return value


def read_payload(token):
    """The payload of a JWT; None for anything else."""
    try:
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8"))
    except (ValueError, IndexError, RecursionError):
        return None


def is_jwt(token):
    return token.count(".") == 2 and isinstance(read_payload(token), dict)


def read_claims(token):
    """The claims of a JWT that tell accounts and ages apart; {} for anything else."""
    claims = read_payload(token)
    if not isinstance(claims, dict):
        return {}
    found = {name: claims[name] for name in CLAIMS if name in claims}
    auth = claims.get("https://api.openai.com/auth")
    found.update((name, auth[name]) for name in AUTH_CLAIMS if isinstance(auth, dict) and name in auth)
    return found


def unsaved_logins(codex_home):
    """Files that a killed Codex left before it could rename them: renewed logins (0.169, measured)."""
    try:
        names = sorted(name for name in os.listdir(codex_home) if name.startswith(".auth-"))
    except OSError:
        return []
    found = [dict(describe_file(os.path.join(codex_home, name), "auth"), name=name) for name in names]
    return [file for file in found if file["kind"] != "absent"]


def profiles(codex_home):
    """The configuration files of profiles, NAME.config.toml, that Codex 0.134 and later read with --profile NAME."""
    try:
        names = sorted(name for name in os.listdir(codex_home) if name.endswith(".config.toml"))
    except OSError:
        return []
    found = [describe_file(os.path.join(codex_home, name), "content") for name in names]
    return [file for file in found if file["kind"] == "file"]


def leftovers(folders):
    """Files that a killed run of this program left: nobody holds their lock any more."""
    found = []
    for folder in sorted(folders):
        try:
            names = [name for name in os.listdir(folder) if name.startswith(TEMPORARY)]
        except OSError:
            continue
        found += [path for path in (os.path.join(folder, name) for name in names) if not is_held(path)]
    return found


def is_held(path):
    """Whether a running writer holds the lock of its temporary file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # not ours to judge
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)


# ------------------------------------------------------------------------------ writing files


class Locks:
    """Codex's own lock files, held in their order; other writers that honour them wait meanwhile.

    They are made as whoever runs this, which is the home's account: one that root made would keep
    Codex from saving a renewed login. They are never removed: a removed one splits the lock.
    """

    def __init__(self, paths):
        self.paths = paths
        self.descriptors = []

    def __enter__(self):
        end = time.monotonic() + LOCK_TIME_LIMIT
        try:
            for path in self.paths:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
                self.descriptors.append(descriptor)
                while not try_lock(descriptor):
                    if time.monotonic() > end:
                        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)
                    time.sleep(0.02)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_exception):
        for descriptor in reversed(self.descriptors):
            os.close(descriptor)  # which gives the lock back


def try_lock(descriptor):
    """Takes a lock if it is free; also True where the file system has no locks, since nobody can hold one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR)
    return True


def write_file(path, data, mode, expected, locks=()):
    """Replaces a file whole, or makes it; True where it had to be rewritten in place.

    The bytes go into a temporary file beside the final one, 0600 from its first moment, and reach
    the disk before the rename. A symlink is kept and its target replaced. A file that is a mount
    point cannot be renamed onto and is rewritten in place. Raises Conflict, before anything
    happened, when the digest is not `expected` (None: no file).
    """
    final = os.path.realpath(path)
    folder = os.path.dirname(final)
    temporary = os.path.join(folder, TEMPORARY + os.urandom(8).hex())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # tells a later run that this one lives
            except OSError:
                pass  # a file system without locks: nobody will clean up after this run
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            with Locks(locks):  # for the comparison and the rename only: Codex gives up after 5 seconds
                check(path, expected)
                try:
                    os.rename(temporary, final)
                except OSError as error:
                    if error.errno not in (errno.EBUSY, errno.EXDEV):
                        raise
                    os.unlink(temporary)
                    rewrite(final, data, mode)
                    return True
        sync_folder(folder)
        return False
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def rewrite(path, data, mode):
    """Writes a file in place; puts the old bytes back if that fails half-way.

    Without a buffer: one that a full disk could not take would be in the way of the old bytes.
    """
    with open(path, "r+b", buffering=0) as file:
        before = file.read()
        try:
            overwrite(file, data)
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) != mode:
                os.fchmod(file.fileno(), mode)
        except OSError:
            overwrite(file, before)
            raise


def overwrite(file, data):
    file.seek(0)
    while data:
        data = data[file.write(data) :]
    file.truncate()
    os.fsync(file.fileno())


def sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems cannot; the rename itself is done
    finally:
        os.close(descriptor)


def check(path, expected):
    if digest(read_file(path)) != expected:
        raise Conflict()


def back_up(path):
    """Copies a file beside itself, 0600, under the name Ansible's own modules give; None without one."""
    data = read_file(path)
    if data is None:
        return None
    copy = "{}.{}.{}~".format(path, os.getpid(), time.strftime("%Y-%m-%d@%H:%M:%S"))
    write_file(copy, data, 0o600, None)
    return copy


def prune_backups(path, keep, made):
    """Removes all backups of a file but `keep`: the one just made, whatever the clock, and the newest by name."""
    folder, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + r"\.\d+\.(\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d)~")
    names = [other for other in os.listdir(folder) if os.path.join(folder, other) != made]
    found = sorted((match.group(1), match.group()) for match in map(pattern.fullmatch, names) if match)
    for _time, backup in found[: max(len(found) + 1 - keep, 0)]:
        os.unlink(os.path.join(folder, backup))


# -------------------------------------------------------------------------- running processes


def running_codex(uid):
    """The account's running Codex programs, {pid: name}; none where the system has no /proc.

    By the name in /proc/PID/status: Codex forbids others to look further, its own account included.
    """
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        try:
            with open("/proc/{}/status".format(pid), encoding="utf-8", errors="replace") as file:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue  # it has ended
        name = fields["Name"]
        if int(fields["Uid"].split()[0]) == uid and re.match(r"codex(-|$)", name) and fields["State"][0] != "Z":
            found[int(pid)] = name
    return found


def settles(path, written, running, account, seconds):
    """Whether a file is still what was written when these processes have ended, or after so many seconds.

    A Codex up to 0.163 that is renewing its login writes what it gets over whatever is there by then.
    """
    end = time.monotonic() + seconds
    while running.keys() & running_codex(account["uid"]).keys() and time.monotonic() < end:
        time.sleep(0.1)
    return digest(read_file(path)) == written


# -------------------------------------------------------------------------------- operations


def apply_directory(path, operation):
    """Makes a folder, or gives an existing one its mode."""
    if os.path.isdir(path):
        os.chmod(path, operation["mode"])
    else:
        make_folder(os.path.realpath(path), operation["mode"])


def apply_write(path, operation):
    there = read_file(path)
    if digest(there) != operation["expected"]:
        raise Conflict()
    if not os.path.isdir(os.path.dirname(path)):
        make_folder(os.path.dirname(path), 0o755 if operation["base"] == "host" else 0o700)
    content = base64.b64decode(operation["content"])
    if "keep_unknown_but" in operation:
        content = with_unknown_fields(content, there, operation["keep_unknown_but"])
    locks = lock_paths(path, operation)

    def replace():
        return write_file(path, content, operation["mode"], operation["expected"], locks)

    return dict(backed_up(path, operation, replace), sha256=digest(content))


def backed_up(path, operation, change):
    """Makes a change, which tells whether it had to be made in place, with the backup that was asked for.

    No backup is left of a change that a conflict prevented.
    """
    if not operation.get("backup"):
        return {"in_place": change()}
    copy = back_up(path)
    try:
        in_place = change()
    except Conflict:
        if copy:
            os.unlink(copy)
        raise
    if copy and operation.get("backup_keep") is not None:
        prune_backups(path, operation["backup_keep"], copy)
    return {"in_place": in_place, "backup_file": copy}


def lock_paths(path, operation):
    """Codex's lock files for an operation; they lie beside the file that Codex knows, not where a link leads."""
    return [os.path.join(os.path.dirname(path), name) for name in operation.get("locks", ())]


def with_unknown_fields(content, there, unwanted):
    """The JSON of `content` with those fields of the file, and of its tokens, that `content` does not have.

    unwanted: names of fields that belong to the old login and go with it.
    """
    new, old = json.loads(content.decode("utf-8")), json.loads(there.decode("utf-8"))
    merged = dict(old, **new)
    if isinstance(new.get("tokens"), dict) and isinstance(old.get("tokens"), dict):
        kept = {name: old["tokens"][name] for name in old["tokens"] if name not in unwanted}
        merged["tokens"] = dict(kept, **new["tokens"])
    ordered = {name: merged[name] for name in list(new) + [name for name in old if name not in new]}
    return json.dumps(ordered, indent=2, ensure_ascii=False).encode("utf-8")


def apply_mode(path, operation):
    os.chmod(path, operation["mode"])


def apply_remove(path, operation):
    """Removes a file, or the link that stands in its place; one that is a mount point is emptied instead."""
    expected = digest(read_file(path)) if os.path.islink(path) else operation["expected"]
    check(path, expected)

    def remove():
        with Locks(lock_paths(path, operation)):
            check(path, expected)
            try:
                os.unlink(path)
                return False
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                rewrite(path, b"", stat.S_IMODE(os.stat(path).st_mode))
                return True

    result = backed_up(path, operation, remove)
    sync_folder(os.path.dirname(path))
    return dict(result, sha256=digest(read_file(path)))


def apply_lines(path, operation):
    """Puts one marked line first in a file, in place of all lines with that marker; None: none.

    First, because Debian's .bashrc returns at once in a shell that is not interactive, and because
    taking the line out again then gives back the very bytes there were.
    """
    data = read_file(path)
    if digest(data) != operation["expected"]:
        raise Conflict()
    marker = operation["marker"].encode("utf-8")
    kept = [line for line in (data or b"").split(b"\n") if not line.rstrip().endswith(marker)]
    if operation["line"] is not None:
        kept.insert(0, operation["line"].encode("utf-8"))
    new = b"\n".join(kept)
    if not new and not os.path.islink(path):
        os.unlink(path)
        return None
    mode = stat.S_IMODE(os.stat(path).st_mode) if data is not None else operation["mode"]
    return {"in_place": write_file(path, new, mode, operation["expected"])}


def apply_link(path, operation):
    """Makes a symbolic link, or removes it (`to` None); never touches anything but a link."""
    if os.path.islink(path):
        os.unlink(path)
    if operation["to"] is not None:
        if not os.path.isdir(os.path.dirname(path)):
            make_folder(os.path.dirname(path), 0o700)
        os.symlink(operation["to"], path)


def apply_clean(path, operation):
    for name in leftovers([path]):
        try:
            os.unlink(name)
        except FileNotFoundError:
            pass  # another run was here first


OPERATIONS = {
    "directory": apply_directory,
    "write": apply_write,
    "mode": apply_mode,
    "remove": apply_remove,
    "lines": apply_lines,
    "link": apply_link,
    "clean": apply_clean,
}


def apply_all(operations, account, codex_home):
    """Does operations in order and stops at the first that cannot be done."""
    results = []
    for operation in operations:
        path = place(operation, account, codex_home)
        running = running_codex(account["uid"]) if "settle" in operation else {}
        try:
            result = OPERATIONS[operation["operation"]](path, operation) or {}
            written = result.pop("sha256", None)
            if "settle" in operation:
                running.update(running_codex(account["uid"]))
                result["rewritten"] = not settles(path, written, running, account, operation["settle"])
                result["processes"] = [{"pid": pid, "name": running[pid]} for pid in sorted(running)]
            results.append(dict(result, status="done"))
        except Conflict:
            results.append({"status": "conflict", "path": path})
            break
        except OSError as error:
            locked = error.errno == errno.EAGAIN
            results.append(dict(failure(error, error.filename if locked else path), status="failed"))
            break
    return results


def place(item, account, codex_home):
    """Where a request's file is: `path` below the Codex home, below the account's home, or as it is."""
    base = {"codex_home": codex_home, "home": account["home"], "host": "/"}[item["base"]]
    return os.path.join(base, item["path"]) if item["path"] else base


def in_turns(operations):
    """The operations in their order, in lists: those of the account's, and those on files of the whole host."""
    turns = []
    for operation in operations:
        if turns and (turns[-1][0]["base"] == "host") == (operation["base"] == "host"):
            turns[-1].append(operation)
        else:
            turns.append([operation])
    return turns


def apply_for(operations, account, codex_home):
    """Does a home's operations: the account's as the account, those on files of the whole host as root."""
    results = []
    for turn in in_turns(operations):

        def work(turn=turn):
            return {"results": apply_all(turn, account, codex_home)}

        if turn[0]["base"] == "host":
            check_host_files(turn)
            answer = work()
        else:
            answer = as_account(account, work)
        if "obstacle" in answer:
            return answer
        results += answer["results"]
        if results[-1]["status"] != "done":
            break
    return {"results": results}


def check_host_files(operations):
    """Refuses to write a file of the whole host unless root does it and nobody else can change where that leads."""
    if os.geteuid() != 0:
        raise Obstacle("host_needs_root", path=operations[0]["path"], running=owner_name(os.geteuid()))
    for operation in operations:
        for path in (operation["path"], os.path.realpath(operation["path"])):
            if not root_alone_leads(os.path.dirname(path)):
                raise Obstacle("not_roots", path=os.path.dirname(path))


# ------------------------------------------------------------------------------------- Codex


def find_codex(account):
    """The account's `codex`: on this process's PATH, or where npm, Homebrew and users put it."""
    usual = ["/usr/local/bin", "/opt/homebrew/bin"]
    usual += [os.path.join(account["home"], p) for p in (".local/bin", ".npm-global/bin", "bin")]
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) + usual:
        path = os.path.join(folder, "codex")
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def run_codex(path, arguments, environment):
    """(exit status, everything printed) of one `codex`; (None, "") where it does not run or does not end."""
    import subprocess

    try:
        process = subprocess.Popen(
            [path] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, **environment),
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        return None, ""
    try:
        text = process.communicate(timeout=CODEX_TIME_LIMIT)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # npm's wrapper has the real program as its child
        process.communicate()
        return None, ""
    return process.returncode, text.decode("utf-8", "replace")


def codex_version(account):
    """What `codex --version` says, or None; in a home of its own, since newer ones write into it."""
    import shutil
    import tempfile

    path = find_codex(account)
    if path is None:
        return None
    scratch = tempfile.mkdtemp(prefix=TEMPORARY.lstrip("."))
    try:
        _status, text = run_codex(path, ["--version"], {"HOME": scratch, "CODEX_HOME": scratch})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    words = text.split()
    return words[-1] if words and words[-1][:1].isdigit() else None


def login_status(account, codex_home):
    """What the host's own `codex login status` makes of the home.

    Only a method is told, never the text: it shows 13 characters of the key.
    """
    path = find_codex(account)
    if path is None:
        return {"codex": None, "method": "unknown"}
    if not os.path.isdir(codex_home):
        return {"codex": path, "method": "none"}  # 0.94 and later refuse to say so
    status, text = run_codex(path, ["login", "status"], {"HOME": account["home"], "CODEX_HOME": codex_home})
    lowered = text.lower()
    method = "unreadable"
    if status == 0:
        words = (("api key", "apikey"), ("chatgpt", "chatgpt"), ("personal access", "personal_access_token"))
        method = next((name for word, name in words if word in lowered), "other")
    elif "not logged in" in lowered or "no such file" in lowered or is_empty(os.path.join(codex_home, "auth.json")):
        method = "none"
    return {"codex": path, "method": method}


def is_empty(path):
    """Whether a file has no byte; Codex calls such an auth.json an error, and then goes on without a login."""
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return False


# -------------------------------------------------------------------------------------- main


def homes_of(request):
    """The homes that are asked for, with those of all accounts in place of an entry that wants them."""
    homes = []
    for home in request["homes"]:
        if home.get("every_account") and os.geteuid() == 0:
            homes += [dict(home, user=name, every_account=False) for name in every_account()]
        else:
            homes.append(home)
    return homes


def describe_home(home, account, codex_home):
    answer = {"folder": describe_folder(codex_home, account), "files": {}}
    folders = set()
    for item in home["files"]:
        if item["base"] != "host":
            path = place(item, account, codex_home)
            answer["files"][item["name"]] = describe_file(path, item.get("report"))
            folders.add(os.path.dirname(os.path.realpath(path)))
    answer["leftovers"] = leftovers(folders)
    answer["profiles"] = profiles(codex_home)
    answer["unsaved_logins"] = unsaved_logins(codex_home)
    answer["home_exists"] = os.path.isdir(account["home"])
    answer["system"] = sys.platform
    return answer


def describe_host(home):
    """The files of the whole host that are asked for, as whoever runs this sees them, and what killed runs left."""
    items = [item for item in home["files"] if item["base"] == "host"]
    folders = {os.path.dirname(os.path.realpath(item["path"])) for item in items}
    files = {item["name"]: describe_file(item["path"], item.get("report")) for item in items}
    return files, leftovers(folders) if os.geteuid() == 0 else []


def work_on(home, request):
    """One home of a request: its answer."""
    environment = request["environment"]
    if home.get("every_account"):
        raise Obstacle("every_account_needs_root", running=owner_name(os.geteuid()))
    account = find_account(home["user"], environment)
    if home["codex_home"]:
        codex_home = home["codex_home"]
    elif home["user"] is None and environment.get("CODEX_HOME"):
        codex_home = environment["CODEX_HOME"]
    else:
        codex_home = os.path.join(account["home"], ".codex")
    if not os.path.isabs(codex_home):
        raise Obstacle("relative", path=codex_home)
    codex_home = os.path.normpath(codex_home)

    def describe():
        return describe_home(home, account, codex_home)

    def ask_codex():
        answer = {}
        if home.get("detect_version"):
            answer["codex_version"] = codex_version(account)
        if home.get("login_status"):
            answer["login_status"] = login_status(account, codex_home)
        return answer

    changing = os.geteuid() == 0 and account["uid"] != 0
    for operation in home.get("operations", []) if changing else []:
        if operation["operation"] == "directory" and operation.get("by_root") and not os.path.isdir(codex_home):
            if not root_alone_leads(codex_home):
                raise Obstacle("not_writable", path=codex_home, user=account["name"])
            make_folder_for(codex_home, account, operation["mode"])
    if request["operation"] == "describe":
        answer = looking_as(account, describe)
        if "obstacle" not in answer:
            files, left = describe_host(home)
            answer["files"].update(files)
            answer["leftovers"] += left
            answer["root"] = os.geteuid() == 0
    else:
        answer = apply_for(home["operations"], account, codex_home)
    if "obstacle" not in answer and (home.get("detect_version") or home.get("login_status")):
        for module in CODEX_MODULES:
            __import__(module)  # now: the account may not be able to reach this Python's library
        answer.update(as_account(account, ask_codex))
    folder = answer.get("folder")
    if folder and folder["kind"] == "absent":
        # In a child, since access() goes by the real user: glibc up to 2.32 does so even where told not to.
        folder["writable"] = as_account(account, lambda: os.access(folder["below"], os.W_OK | os.X_OK))
        folder["by_root"] = not folder["writable"] and changing and root_alone_leads(codex_home)
    return dict(answer, account=account, codex_home=codex_home, real_home=os.path.realpath(codex_home))


def work_on_all(homes, request):
    """The answers for all homes. A file of the whole host is written only after everything before it was."""
    answers = []
    for home in homes:
        operations = home.get("operations", [])
        complete = all(r["status"] == "done" for a in answers for r in a.get("results", [{"status": "failed"}]))
        if not complete and any(operation["base"] == "host" for operation in operations):
            answer = {"results": [{"status": "conflict", "path": operations[0]["path"]}]}
        else:
            answer = guarded(lambda home=home: work_on(home, request))
        answers.append(dict(answer, user=home["user"]))
    return answers


def mask(data, key):
    """data XOR a key stream of SHA-256 over the key and a counter; undone by doing it again.

    Ansible prints what a command answers at -vvv and in its debug log. The key came over standard
    input, which it never prints, so the configuration that lies on the target is not shown.
    """
    blocks = (hashlib.sha256(key + n.to_bytes(8, "big")).digest() for n in range(len(data) // 32 + 1))
    stream = b"".join(blocks)[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(data), "big")


def main():
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    os.umask(0o077)
    os.environ.update(request["environment"])
    answer = {"protocol": PROTOCOL, "half": "python", "python": sys.version.split()[0]}
    if request["protocol"] == PROTOCOL:
        homes = guarded(lambda: homes_of(request))
        answer["homes"] = [homes] if isinstance(homes, dict) else work_on_all(homes, request)
    masked = mask(json.dumps(answer).encode("ascii"), bytes.fromhex(request["key"]))
    sys.stdout.write("\n" + MARK + base64.b64encode(masked).decode("ascii") + "\n")


if __name__ == "__main__":
    main()
