"""A stand-in for a mail provider's API: takes any POST and answers after a while, as Resend would.

    python -m tests.benchmarks.http_standin --port 2580 --delay 0.1

Speaks just enough HTTP/1.1 to keep connections open, so that what is measured is the sender.
"""

import argparse
import asyncio
import json
from itertools import count

_numbers = count(1)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Serve one connection until the other side closes it."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            await reader.readexactly(length)
            await asyncio.sleep(delay)
            body = json.dumps({"id": f"message-{next(_numbers)}"}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def serve(port: int, delay: float) -> None:
    """Listen on 127.0.0.1 until interrupted."""
    server = await asyncio.start_server(lambda r, w: answer(r, w, delay), "127.0.0.1", port)
    print(f"answering on http://127.0.0.1:{port} after {delay} s", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=2580)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds before each answer")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.delay))


if __name__ == "__main__":
    main()
