"""A reader that starts a thread while it loads."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()


def run(job: dict, files: list) -> list:
    return []
