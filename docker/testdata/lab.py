"""Uses the lab of its own container as a browser does. The first argument is the token; the
cells to run are a JSON list on standard input. Prints each result as a JSON object on a line."""
import asyncio, json, sys, time, urllib.error, urllib.request
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

AT = "127.0.0.1:8888"
TOKEN = sys.argv[1]


def tell(**what):
    print(json.dumps(what), flush=True)


def ask(path, token=None, data=None):
    """Returns the HTTP status and the JSON of the answer; None if the server refuses."""
    headers = {"Authorization": "token " + token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{AT}{path}", data, headers), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, None


def wait():
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask("/api/status", TOKEN)[0]
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


async def run(socket, number, source):
    header = {"msg_id": str(number), "username": "", "session": "test", "msg_type": "execute_request", "version": "5.3", "date": ""}
    await socket.write_message(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
        "content": {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}}))
    html, said, error, done = "", "", "", set()
    while done != {"idle", "reply"}:
        message = json.loads(await socket.read_message())
        if message["parent_header"].get("msg_id") != str(number):
            continue
        kind, content = message["msg_type"], message["content"]
        if kind in ("display_data", "update_display_data"):
            html += content["data"].get("text/html", "")
        elif kind == "stream":
            said += content["text"]
        elif kind == "error":
            error = content["evalue"]
        elif kind == "status" and content["execution_state"] == "idle":
            done.add("idle")
        elif kind == "execute_reply":
            done.add("reply")
    tell(event="cell", figure="data:image/svg" in html, html=html[-2000:], said=said, error=error)


async def main():
    tell(event="answer", status=wait())
    for path in ("/api/status", "/api/kernels", "/api/contents", "/api/sessions"):
        for name, token in {"none": None, "wrong": "open", "right": TOKEN}.items():
            tell(event="asked", path=path, token=name, status=ask(path, token)[0])
    cells = json.load(sys.stdin)
    if not cells:
        return
    _, kernel = ask("/api/kernels", TOKEN, json.dumps({"name": "vgrad"}).encode())
    url = f"ws://{AT}/api/kernels/{kernel['id']}/channels"
    socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": "token " + TOKEN}), max_message_size=1 << 26)
    for number, source in enumerate(cells):
        await run(socket, number, source)


asyncio.run(main())
