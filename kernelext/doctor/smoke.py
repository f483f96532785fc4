"""Starts a kernel, runs the cells from standard input, and prints their results as JSON."""
import json, signal, sys, time
from jupyter_client.manager import KernelManager


def run(client, source):
    cell = {"error": "", "shown": {}, "stream": ""}
    def hear(message):
        content = message["content"]
        if message["msg_type"] in ("display_data", "execute_result", "update_display_data"):
            cell["shown"] = {k: v for k, v in content["data"].items() if isinstance(v, str)}
        elif message["msg_type"] == "stream":
            cell["stream"] += content["text"]
        elif message["msg_type"] == "error":
            cell["error"] = content["evalue"] or content["ename"]
    start = time.monotonic()
    reply = client.execute_interactive(source, output_hook=hear, timeout=170, allow_stdin=False)
    cell["seconds"] = time.monotonic() - start
    if reply["content"]["status"] != "ok" and not cell["error"]:
        cell["error"] = reply["content"].get("evalue", "no reason given")
    return cell


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    asked = json.load(sys.stdin)
    said = {"error": "", "cells": [], "start": 0}
    start = time.monotonic()
    manager = KernelManager(kernel_name=asked["kernel"])
    manager.start_kernel(stdout=sys.stderr, stderr=sys.stderr)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        said["start"] = time.monotonic() - start
        said["cells"] = [run(client, source) for source in asked["cells"]]
    except Exception as error:
        said["error"] = f"{type(error).__name__}: {error}"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=sys.exc_info()[0] is not None)
    json.dump(said, sys.stdout)


main()
