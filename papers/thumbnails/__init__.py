"""Papers' pictures: fetched, cropped, kept."""
