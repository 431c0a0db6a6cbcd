# pip install pyfaktory; FAKTORY_URL=tcp://localhost:7419 python worker.py
from pyfaktory import Client, Consumer


def resize(image, width):
    print(f"{image} is {width} pixels wide now", flush=True)


with Client(role="consumer") as client:
    consumer = Consumer(client=client, queues=["default"], concurrency=2)
    consumer.register("Resize", resize)
    consumer.run()
