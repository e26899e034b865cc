"""What happened, in numbers: counted once a day into rows that name nobody, and read from them."""
