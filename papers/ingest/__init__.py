"""From a source's records, and from readers, to rows."""
