from django.db import migrations, models


class AddIndexOnline(migrations.AddIndex):
    """Adds an index while others write: at first it holds most of the ledger."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, concurrently=True)  # half of one, left
            schema_editor.add_index(model, self.index, concurrently=True)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("newsletter", "0004_delivery_channel"),
    ]

    operations = [
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    models.Q(("channel", None), ("state", "feed"), _connector="OR"),
                    ("state__in", ("feed", "sent")),
                ),
                fields=["id"],
                name="delivery_no_channel",
            ),
        ),
    ]
