"""A WebSocket client of a hundred lines, for the live channel: text frames, pings answered, closes read."""

import base64
import json
import os
import socket
import struct


class Refused(AssertionError):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status, self.text = status, text


class LiveSocket:
    def __init__(self, port, headers=None, path="/api/v1/live"):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.seen, self.code = b"", None
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.seen:
            self.fill()
        head, self.seen = self.seen.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ")[1])
        if status != 101:
            self.sock.settimeout(1)
            try:
                while True:
                    self.fill()
            except (OSError, ConnectionError):
                pass
            raise Refused(status, self.seen.decode(errors="replace"))

    def fill(self):
        more = self.sock.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        self.seen += more

    def take(self, n):
        while len(self.seen) < n:
            self.fill()
        out, self.seen = self.seen[:n], self.seen[n:]
        return out

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.sock.sendall(bytes([0x80 | opcode]) + size + mask + body)

    def say(self, op, topic=None, seq=None):
        frame = {k: v for k, v in {"op": op, "topic": topic, "seq": seq}.items() if v is not None}
        self.frame(1, json.dumps(frame).encode())

    def next(self, seconds=20):
        """The next text as JSON; None when the server closed (see code)."""
        self.sock.settimeout(seconds)
        while True:
            first, size = self.take(2)
            if size == 126:
                size = struct.unpack(">H", self.take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.take(8))[0]
            payload = self.take(size)
            opcode = first & 15
            if opcode == 9:
                self.frame(10, payload)
            elif opcode == 8:
                self.code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                self.frame(8, payload[:2])
                return None
            elif opcode == 1:
                return json.loads(payload)

    def follow(self, topic, seq=None):
        self.say("resume" if seq else "subscribe", topic, seq)

    def until(self, wanted, seconds=20):
        """Frames up to the first for which wanted(frame) holds; it is the last of them."""
        frames = []
        while True:
            frame = self.next(seconds)
            if frame is None:
                raise AssertionError(f"closed with {self.code} before; got {frames}")
            frames.append(frame)
            if wanted(frame):
                return frames

    def close(self):
        self.sock.close()
