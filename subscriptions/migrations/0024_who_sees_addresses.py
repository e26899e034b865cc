"""Two permissions: seeing all addresses, and finding a reader by a whole one."""

from django.db import migrations


class Migration(migrations.Migration):
    """No table changes."""

    dependencies = [("subscriptions", "0023_tests")]

    operations = [
        migrations.AlterModelOptions(
            name="subscriber",
            options={
                "ordering": ("-id",),
                "permissions": [
                    ("see_addresses", "Can see and search readers' addresses"),
                    (
                        "find_addresses",
                        "Can see the address of a reader who is searched for by it",
                    ),
                ],
            },
        )
    ]
