"""The REST API for other programs: tokens, operations, and their description in OpenAPI."""
