"""Mail providers with an API: one file says all about one provider."""
