"""The emails that are not digests: their text, their headers, their MJML."""
