"""certmonger at our CA as it is by default, on a session bus of the test's own: it asks by GET with a
challenge (SCEP-009)."""

import os

from ca import ca, issued
from harness import folder, tool

# The bus starts the daemon by itself, with HOME for its state, and ends it with the script.
SCRIPT = """
set -e
state() { getcert list -s | sed -n 's/^.status: //p'; }
ended() {
  for i in $(seq 200); do
    case "$(state)" in MONITORING) return 0 ;; CA_REJECTED|CA_UNREACHABLE|CA_UNCONFIGURED) break ;; esac
    sleep 0.1
  done
  getcert list -s >&2
  return 1
}
for i in $(seq 50); do getcert list-cas -s >/dev/null 2>&1 && break; sleep 0.1; done
getcert add-scep-ca -s -c ours -u "$URL" -N "$ROOT"
getcert request -s -c ours -k "$HOME/key.pem" -f "$HOME/cert.pem" -N 'CN=certmonger,O=Interop' -L "$CHALLENGE" -g 2048
ended
"""


def main():
    print(tool("dpkg-query", "-W", "certmonger").strip())
    with folder() as scratch, ca() as authority:
        root = scratch / "root.pem"
        root.write_bytes(authority.root.read_bytes())
        script = scratch / "script.sh"
        script.write_text(SCRIPT)
        environment = dict(os.environ, HOME=str(scratch), URL=authority.url, ROOT=str(root),
                           CHALLENGE=authority.challenge(scratch))
        tool("dbus-run-session", "--", "sh", script, env=environment)
        issued(authority.root, scratch / "cert.pem", scratch / "key.pem", ["CN = certmonger", "O = Interop"])


main()
