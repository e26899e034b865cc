"""Dotted paths that operators wrote down before their modules moved, and that keep working."""

#: Mail backends: the path of before, and where it leads now.
MAIL_BACKENDS = {
    "newsletter.mailbox.MailboxBackend": "newsletter.mail.local_mailbox.MailboxBackend",
    "newsletter.signing_backend.EmailBackend": "newsletter.mail.transports.signing.EmailBackend",
}
