"""Everything that touches the world: Kafka, PostgreSQL, HTTP, processes."""
