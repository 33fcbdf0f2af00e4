"""Azure AI Vision as a captioner: its SDK, its limits, its faults."""
