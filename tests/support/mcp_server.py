#!/usr/bin/env python3
"""An MCP server whose tools behave and misbehave, for tests of a client.

usage: mcp_server.py [--http] [--era stateless|initialize|mute] [--pages N] [--journal FILE]
                     [--changes FILE] [--token TOKEN] [--chatty] [--dies-on METHOD]

Without --http it speaks on its standard streams. With it, the first line it prints is its port.
--journal: every call that runs appends "TOOL ARGUMENTS\\n". --changes: tools are listed only while
they are named in this file. --dies-on: ends when it is asked for this method.
"""

import argparse
import base64
import http.server
import json
import os
import sys
import threading
import time
import uuid

STATELESS = "2026-07-28"
PREFIX = "io.modelcontextprotocol/"


def tool(name, properties=None, required=(), annotations=None, **more):
    schema = {"type": "object", "properties": properties or {}, "required": list(required)}
    return {"name": name, "description": f"Does {name}.", "inputSchema": schema} | more | (
        {"annotations": annotations} if annotations else {})


READ_ONLY = {"readOnlyHint": True}
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
TOOLS = [
    tool("echo", {"text": TEXT}, ["text"], READ_ONLY),
    tool("add", {"a": NUMBER, "b": NUMBER}, ["a", "b"], {"idempotentHint": True},
         outputSchema={"type": "object", "properties": {"sum": NUMBER}, "required": ["sum"]}),
    tool("bad_sum", outputSchema={"type": "object", "properties": {"sum": NUMBER}}),
    tool("record", {"note": TEXT}),
    tool("record_and_die", {"note": TEXT}),
    tool("read_and_die", {"note": TEXT}, annotations=READ_ONLY),
    tool("hang", annotations=READ_ONLY),
    tool("progress", {"steps": NUMBER, "ms": NUMBER}, annotations=READ_ONLY),
    tool("wait_for", {"name": TEXT, "also": TEXT}, annotations=READ_ONLY),
    tool("garbage", annotations=READ_ONLY),
    tool("huge", {"bytes": NUMBER}, ["bytes"], READ_ONLY),
    tool("fail"),
    tool("refuse"),
    tool("not_text", annotations=READ_ONLY),
    tool("ask_back", annotations=READ_ONLY),
    tool("needs_input"),
    tool("environment", annotations=READ_ONLY),
    tool("region", {"region": TEXT | {"x-mcp-header": "Region"}}, annotations=READ_ONLY),
    tool("cut_stream", annotations=READ_ONLY),
    tool("forget_sessions", annotations=READ_ONLY),
]
BROKEN = [
    tool("bad header", {"n": {"type": "number", "x-mcp-header": "N"}}),
    tool("bad_header", {"n": {"type": "number", "x-mcp-header": "N"}}),
    {"name": "no_schema"},
]


class Refusal(Exception):
    def __init__(self, code, message, data=None):
        self.body = {"code": code, "message": message} | ({"data": data} if data else {})


class Dies(Exception):
    pass


class Channel:
    """Where the messages of one request go beside its answer."""

    def notify(self, method, params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def garbage(self):
        pass

    def cut(self):
        pass


class Server:
    def __init__(self, options):
        self.options = options
        self.arrived = {}
        self.lock = threading.Condition()
        self.answers = {}

    def note(self, name, arguments):
        if self.options.journal:
            with open(self.options.journal, "a", encoding="utf-8") as file:
                file.write(f"{name} {json.dumps(arguments, sort_keys=True)}\n")

    def answer(self, message, channel):
        """The response to a request."""
        reply = {"jsonrpc": "2.0", "id": message.get("id")}
        try:
            return reply | {"result": self.result(message, channel)}
        except Refusal as refusal:
            return reply | {"error": refusal.body}

    def result(self, message, channel):
        method, params = message["method"], message.get("params", {})
        if method == self.options.dies_on:
            raise Dies
        if self.options.era == "stateless":
            meta = params.get("_meta", {})
            if meta.get(PREFIX + "protocolVersion") != STATELESS:
                raise Refusal(-32022, "Unsupported protocol version", {"supported": [STATELESS]})
            if PREFIX + "clientCapabilities" not in meta:
                raise Refusal(-32602, "no clientCapabilities")
            if method == "server/discover":
                return {"resultType": "complete", "supportedVersions": [STATELESS],
                        "capabilities": {"tools": {}}}
        elif method == "initialize":
            return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                    "serverInfo": {"name": "misbehaves", "version": "1"}}
        if method == "tools/list":
            return self.page(params.get("cursor"))
        if method == "tools/call":
            result = self.call(params["name"], params.get("arguments", {}), params, channel)
            kind = result.pop("resultType", "complete")
            return result | ({"resultType": kind} if self.options.era == "stateless" else {})
        raise Refusal(-32601, f"Method not found: {method}")

    def page(self, cursor):
        tools = list(reversed(TOOLS)) + BROKEN
        if self.options.changes:
            with open(self.options.changes, encoding="utf-8") as file:
                names = file.read().split()
            tools = [each for each in tools if each["name"] in names]
        size = -(-len(tools) // self.options.pages) or 1
        begin = int(cursor or 0)
        more = {"nextCursor": str(begin + size)} if begin + size < len(tools) else {}
        return {"tools": tools[begin:begin + size]} | more

    def call(self, name, arguments, params, channel):
        run = getattr(self, "call_" + name, None)
        if run is None:
            raise Refusal(-32602, f"Unknown tool: {name}")
        self.note(name, arguments)
        result = run(arguments, params, channel)
        return result if isinstance(result, dict) else {"content": [{"type": "text", "text": result}]}

    def call_echo(self, arguments, *_):
        return arguments["text"]

    def call_add(self, arguments, *_):
        total = {"sum": arguments["a"] + arguments["b"]}
        return {"content": [{"type": "text", "text": json.dumps(total)}], "structuredContent": total}

    def call_bad_sum(self, *_):
        return {"content": [], "structuredContent": {"sum": "three"}}

    def call_record(self, *_):
        return "recorded"

    def call_record_and_die(self, *_):
        raise Dies

    def call_read_and_die(self, *_):
        raise Dies

    def call_hang(self, *_):
        threading.Event().wait()

    def call_progress(self, arguments, params, channel):
        token = params.get("_meta", {}).get("progressToken")
        for step in range(arguments["steps"]):
            time.sleep(arguments["ms"] / 1000)
            channel.notify("notifications/progress", {"progressToken": token, "progress": step})
        return "done"

    def call_wait_for(self, arguments, *_):
        """Answers only once a call of the name `also` has come: so, out of order."""
        with self.lock:
            self.arrived[arguments["name"]] = True
            self.lock.notify_all()
            self.lock.wait_for(lambda: arguments.get("also") is None or arguments["also"] in self.arrived)
        return arguments["name"]

    def call_garbage(self, _arguments, _params, channel):
        channel.garbage()
        return "after garbage"

    def call_huge(self, arguments, *_):
        return "x" * arguments["bytes"]

    def call_fail(self, *_):
        return {"content": [{"type": "text", "text": "the disk is full"}], "isError": True}

    def call_refuse(self, *_):
        raise Refusal(-32000, "not today")

    def call_not_text(self, *_):
        return {"content": [
            {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"},
            {"type": "audio", "data": "aGVsbG8=", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a.rs", "name": "a.rs", "mimeType": "text/x-rust"},
            {"type": "resource", "resource": {"uri": "file:///b", "text": "inside"}},
            {"type": "hologram", "text": "?"},
        ]}

    def call_ask_back(self, _arguments, _params, channel):
        """Asks the client, as servers of the initialize era may, and says what it answered."""
        answers = []
        for method in ("ping", "sampling/createMessage"):
            name = f"back-{uuid.uuid4()}"
            channel.send({"jsonrpc": "2.0", "id": name, "method": method, "params": {}})
            with self.lock:
                self.lock.wait_for(lambda: name in self.answers, timeout=20)
            answers.append(self.answers.get(name))
        return json.dumps(answers)

    def take_answer(self, message):
        with self.lock:
            self.answers[message["id"]] = message.get("result", message.get("error", {}).get("code"))
            self.lock.notify_all()

    def call_needs_input(self, *_):
        return {"resultType": "input_required", "inputRequests": {}}

    def call_environment(self, *_):
        return " ".join(sorted(os.environ))

    def call_region(self, _arguments, _params, channel):
        return str(getattr(channel, "region", None))

    def call_cut_stream(self, _arguments, _params, channel):
        channel.cut()
        return "whole after all"

    def call_forget_sessions(self, *_):
        self.sessions.clear()
        return "forgotten"


class Line(Channel):
    lock = threading.Lock()

    def send(self, message):
        self.write(json.dumps(message))

    def write(self, line):
        with self.lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def garbage(self):
        self.write("Listening... {not json")
        self.write("")
        self.write('{"jsonrpc":"2.0","id":987654,"result":{}}')


def serve_lines(server):
    channel = Line()
    if server.options.chatty:
        channel.write("Welcome to the server!")
        sys.stderr.write("starting up\n")
        sys.stderr.flush()

    def work(message):
        try:
            channel.send(server.answer(message, channel))
        except Dies:
            sys.stderr.write("fatal: out of luck\n")
            sys.stderr.flush()
            os._exit(7)

    for line in sys.stdin:
        message = json.loads(line)
        if "method" not in message:
            server.take_answer(message)
        elif server.options.era == "mute" and message["method"] == "server/discover":
            pass
        elif "id" in message:
            threading.Thread(target=work, args=(message,), daemon=True).start()
        else:
            server.note(message["method"], message.get("params", {}))


class Post(http.server.BaseHTTPRequestHandler, Channel):
    protocol_version = "HTTP/1.1"
    streaming = False

    def log_message(self, *_):
        pass

    def reply(self, status, body=None, headers=None):
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.streaming = True
        self.close_connection = True

    def send(self, message):
        if not self.streaming:
            self.begin_stream()
        self.wfile.write(b": keep-alive\n\nevent: message\n")
        for line in json.dumps(message, indent=1).splitlines():
            self.wfile.write(b"data: " + line.encode() + b"\n")
        self.wfile.write(b"\n")
        self.wfile.flush()

    def cut(self):
        """Ends the stream in the middle; its answer can be fetched with the event's id."""
        self.begin_stream()
        self.server.mcp.later[self.headers["Mcp-Session-Id"]] = self.message
        self.wfile.write(b"id: event-1\nretry: 10\ndata:\n\n")
        self.wfile.flush()
        raise Dies

    def do_GET(self):
        message = self.server.mcp.later.pop(self.headers["Mcp-Session-Id"], None)
        if message is None or self.headers["Last-Event-ID"] != "event-1":
            return self.reply(405)
        result = {"content": [{"type": "text", "text": "whole after all"}]}
        self.begin_stream()
        self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def do_DELETE(self):
        self.server.mcp.note("DELETE", {})
        self.reply(200)

    def problem(self, message):
        """What is wrong with the headers, as a status and a code."""
        mcp, params = self.server.mcp, message.get("params", {})
        if mcp.options.token and self.headers["Authorization"] != f"Bearer {mcp.options.token}":
            return 401, -32000, "Unauthorized"
        if "text/event-stream" not in self.headers["Accept"]:
            return 406, -32000, "Not Acceptable"
        if mcp.options.era == "stateless":
            name, region = params.get("name"), params.get("arguments", {}).get("region")
            if self.headers["MCP-Protocol-Version"] != STATELESS:
                return 400, -32022, "Unsupported protocol version"
            if self.headers["Mcp-Method"] != message["method"] or self.decoded("Mcp-Name") != name:
                return 400, -32020, "Header mismatch"
            if self.decoded("Mcp-Param-Region") != region:
                return 400, -32020, "Header mismatch: Region"
            self.region = region
        elif message.get("method") != "initialize":
            if self.headers["Mcp-Session-Id"] not in mcp.sessions:
                return (404 if self.headers["Mcp-Session-Id"] else 400), -32000, "no valid session"
        return None

    def decoded(self, name):
        value = self.headers[name]
        if value and value.startswith("=?base64?"):
            return base64.b64decode(value[9:-2]).decode()
        return value

    def do_POST(self):
        mcp = self.server.mcp
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.message = message
        if found := self.problem(message):
            status, code, text = found
            error = {"code": code, "message": text}
            return self.reply(status, {"jsonrpc": "2.0", "id": None, "error": error})
        if "method" not in message:
            mcp.take_answer(message)
            return self.reply(202)
        if "id" not in message:
            mcp.note(message["method"], message.get("params", {}))
            return self.reply(202)
        headers = {}
        if message["method"] == "initialize":
            headers["Mcp-Session-Id"] = uuid.uuid4().hex
            mcp.sessions.add(headers["Mcp-Session-Id"])
        try:
            answer = mcp.answer(message, self)
        except Dies:
            self.close_connection = True
            return
        if self.streaming:
            self.send(answer)
        else:
            self.reply(404 if answer.get("error", {}).get("code") == -32601 else 200, answer, headers)


class HttpServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that leaves in the middle is what some tests are about


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--era", default="stateless")
    parser.add_argument("--pages", type=int, default=1)
    parser.add_argument("--journal")
    parser.add_argument("--changes")
    parser.add_argument("--token")
    parser.add_argument("--chatty", action="store_true")
    parser.add_argument("--dies-on")
    server = Server(parser.parse_args())
    server.sessions = set()
    server.later = {}
    if not server.options.http:
        serve_lines(server)
        return
    listener = HttpServer(("127.0.0.1", 0), Post)
    listener.daemon_threads = True
    listener.mcp = server
    print(listener.server_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    listener.serve_forever()


if __name__ == "__main__":
    main()
