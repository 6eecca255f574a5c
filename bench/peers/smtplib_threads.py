"""smtplib in threads, an EmailMessage per reader: PORT LETTER.eml COUNT CONNECTIONS."""

from __future__ import annotations

import json
import smtplib
import sys
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


def main(port: int, letter: Path, count: int, connections: int) -> None:
    texts, html, images = parts(letter)
    sent = [0] * connections

    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for reader in range(number, count, connections):
                client.send_message(
                    build(texts, html, images, reader), "b@example.org", [f"r{reader}@example.org"]
                )
                sent[number] += 1

    began, cpu = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"sent": sum(sent), "seconds": took, "cpu": cpu}))


def parts(letter: Path) -> tuple[str, str, list[tuple[str, bytes]]]:
    message = message_from_bytes(letter.read_bytes(), policy=policy.default)
    text = html = ""
    images: list[tuple[str, bytes]] = []
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            text = part.get_content()
        elif part.get_content_type() == "text/html":
            html = part.get_content()
        elif part.get_content_maintype() == "image":
            images.append((part["Content-ID"], part.get_payload(decode=True)))
    return text, html, images


def build(text: str, html: str, images: list[tuple[str, bytes]], reader: int) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "digest <letters@example.org>"
    message["To"] = f"r{reader}@example.org"
    message["Subject"] = "Momentum, and four more"
    message["List-Unsubscribe"] = f"<https://digest.example.org/u/{reader}>"
    message.set_content(f"{text}\nhttps://digest.example.org/u/{reader}\n")
    page = html.replace("</body>", f'<a href="https://digest.example.org/u/{reader}">x</a></body>')
    message.add_alternative(page, subtype="html")
    related = message.get_payload()[1]
    for cid, png in images:
        related.add_related(png, "image", "png", cid=cid)
    return message


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
