# SPDX-License-Identifier: Apache-2.0
#
# A scratch folder, the built program, and ways to run it: to its end, beside a writer, and in a
# pseudo-terminal. The program is named by MILEPOST_CLI. Nothing is measured against the clock.
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import tempfile
import termios
import unittest

JOURNEY = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
PROFILE = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
NIL = "00000000-0000-0000-0000-000000000000"


def run_id(number):
    return "11111111-1111-4111-8111-%012d" % number


def body(number, status="queued", completed=None, error=None):
    """The exact public response of a run that line() imports."""
    quote = lambda text: "null" if text is None else json.dumps(text, ensure_ascii=False)
    return ('{"runId":"%s","journeyId":"%s","profileId":"%s","status":"%s",'
            '"triggeredAt":"2023-11-07T05:31:56Z","completedAt":%s,"error":%s}'
            % (run_id(number), JOURNEY, PROFILE, status, quote(completed), quote(error)))


def line(number, status="queued", completed=None, error=None):
    return body(number, status, completed, error)[:-1] + ',"organizationId":"%s"}\n' % NIL


FIVE = (line(1) + line(2, "running") + line(3, "completed", "2023-11-07T05:32:00Z") +
        line(4, "failed", "2023-11-07T05:32:01Z", "mailbox full") +
        line(5, "exited", "2023-11-07T05:32:02Z"))


class Terminal:
    """The program in a pseudo-terminal of 80 by 24, or as asked for."""

    def __init__(self, arguments, environment, columns=80, rows=24, stdout=None):
        self.output = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.master = master
        self.child = subprocess.Popen(arguments, stdin=slave, stdout=stdout or slave, stderr=slave,
                                      env=environment, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def read_more(self):
        """False at the end."""
        ready, _, _ = select.select([self.master], [], [], 120)
        if not ready:
            raise AssertionError("nothing came: " + repr(self.output))
        try:
            more = os.read(self.master, 65536)
        except OSError:  # Linux says EIO when the last one has closed the other side.
            return False
        self.output += more
        return bool(more)

    def read_until(self, text):
        while text.encode() not in self.output:
            if not self.read_more():
                raise AssertionError("%r never came: %r" % (text, self.output))

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Its exit, once it has ended; `text` is what it wrote."""
        while self.read_more():
            pass
        os.close(self.master)
        self.text = self.output.decode().replace("\r\n", "\n")
        return self.child.wait(timeout=120)


class Bed(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.program = os.environ["MILEPOST_CLI"]
        scratch = tempfile.TemporaryDirectory(prefix="milepost-cli-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.store = self.path("store")
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm",
                                MILEPOST_STORE=self.store)
        for name in ("NO_COLOR", "MILEPOST_KEYS"):
            self.environment.pop(name, None)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def run_program(self, *arguments, expect=0, stdin="", environment=None):
        """Its stdout and stderr."""
        done = subprocess.run([self.program, *arguments], input=stdin.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240,
                              env=environment or self.environment, check=False)
        self.assertEqual(expect, done.returncode, (arguments, done.stdout, done.stderr))
        return done.stdout.decode(), done.stderr.decode()

    def out(self, *arguments, **how):
        text, errors = self.run_program(*arguments, **how)
        self.assertEqual("", errors)
        return text

    def json(self, *arguments, **how):
        return json.loads(self.out(*arguments, "--json", **how))

    def refused(self, *arguments, expect, **how):
        """What it says on stderr; nothing may be on stdout."""
        text, errors = self.run_program(*arguments, expect=expect, **how)
        self.assertEqual("", text)
        return errors

    def fill(self, lines=FIVE):
        self.out("import", "--init", stdin=lines)

    def hold(self):
        """A process that has the store open for writing until its stdin is closed."""
        writer = self.start_writer()
        # It is the writer once somebody else cannot be and is told of it by number, which it writes
        # a moment after it took the lock; whoever asks may be in its way.
        while True:
            tried = subprocess.run([self.program, "exit", run_id(9)], env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if tried.returncode == 4 and str(writer.pid).encode() in tried.stderr:
                return writer
            if writer.poll() is not None:
                writer.communicate()
                writer = self.start_writer()

    def start_writer(self):
        writer = subprocess.Popen([self.program, "import", "--init"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment)
        self.addCleanup(self.let_go, writer)
        return writer

    def let_go(self, writer):
        if writer.returncode is None:
            writer.communicate(timeout=120)

    def terminal(self, *arguments, **how):
        extra = how.pop("environment", {})
        return Terminal([self.program, *arguments], dict(self.environment, **extra), **how)
