"""Other programs are told what happens: events as rows, and a worker that posts them."""
