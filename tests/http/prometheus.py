"""Reads figures with Prometheus' own library: both texts from standard input, as JSON. What it understood
goes to standard output: name, kind and number of samples of each metric."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

texts = json.load(sys.stdin)
readers = {"plain": plain, "open": open_metrics}
read = {name: [[m.name, m.type, len(m.samples)] for m in readers[name](text)] for name, text in texts.items()}
json.dump(read, sys.stdout)
