"""A built message, the settings and DNS against the rules of those who receive bulk email.

Gmail, Yahoo and Outlook refuse or file away what misses their rules, and say so in an error code at
best. Each module here knows one kind of rule and yields findings;
`newsletter.operations.deliverability.review` puts them together
for `manage.py check_deliverability`.
"""
