"""The pages of the top app: days, issues, webhooks, health, the local mailbox, previews."""
