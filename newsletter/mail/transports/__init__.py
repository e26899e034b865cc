"""How a message is handed over: to a mail server, or to a mail backend."""
