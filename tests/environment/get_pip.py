"""Stands in for the get-pip script that `ansible-test --venv` would download: every Python already carries a pip.

ansible-test runs it with the arguments of `pip install`, plus two switches that only get-pip knows.
"""

import subprocess
import sys


def main():
    # A process of its own, because ensurepip makes the process that calls it ignore pip's configuration.
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
    sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + wanted))


if __name__ == "__main__":
    main()
