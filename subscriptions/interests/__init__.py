"""What readers follow beside topics: interests followed, previewed, muted, and taken along."""
