"""ingestion: the doors through which events enter the log."""
