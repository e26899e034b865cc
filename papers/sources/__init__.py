"""Sources: one module for each kind of place that papers come from, behind one small base."""
