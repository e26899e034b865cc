"""Says in plainer words what some fields hold; no table changes."""

from django.db import migrations, models

import subscriptions.models.interest


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0026_agreed_again"),
    ]

    operations = [
        migrations.AlterField(
            model_name="consent",
            name="action",
            field=models.CharField(
                choices=[
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("kept", "agreed again"),
                    ("changed", "changed preferences"),
                    ("moved", "changed the address"),
                    ("voided", "invalidated old links"),
                    ("left", "unsubscribed"),
                    ("paused", "paused because emails bounced"),
                    ("imported", "imported from a file"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="given_at",
            field=models.DateTimeField(
                blank=True, help_text="When the reader agreed, according to that file.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="source",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="For an imported reader: program, file, its hash and the line.",
                max_length=300,
            ),
        ),
        migrations.AlterField(
            model_name="following",
            name="is_waiting",
            field=models.BooleanField(
                default=False, help_text="Whether it waits until the reader confirms the address."
            ),
        ),
        migrations.AlterField(
            model_name="following",
            name="most_papers",
            field=models.PositiveSmallIntegerField(
                default=10, help_text="Maximum number of its papers in one email."
            ),
        ),
        migrations.AlterField(
            model_name="following",
            name="rhythm",
            field=models.CharField(
                choices=[("digest", "with the digest"), ("daily", "every day")],
                default="digest",
                help_text="“Every day” only matters to weekly readers.",
                max_length=6,
            ),
        ),
        migrations.AlterField(
            model_name="following",
            name="takes_maybe",
            field=models.BooleanField(
                default=False, help_text="Also send possible matches, such as a namesake’s papers."
            ),
        ),
        migrations.AlterField(
            model_name="following",
            name="token",
            field=models.CharField(
                default=subscriptions.models.interest.new_token,
                help_text="Part of the addresses of its page and feed. Renewing it ends the earlier ones.",
                max_length=32,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="formentry",
            name="email",
            field=models.EmailField(help_text="As typed.", max_length=254),
        ),
        migrations.AlterField(
            model_name="importedreader",
            name="asked_at",
            field=models.DateTimeField(help_text="When that email was due.", null=True),
        ),
        migrations.AlterField(
            model_name="importedreader",
            name="is_to_be_asked",
            field=models.BooleanField(
                default=False, help_text="Whether an email asks if digests are wanted."
            ),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="is_confirmed",
            field=models.BooleanField(
                default=False,
                help_text="Readers start without being asked again; otherwise each is asked by email.",
            ),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="position",
            field=models.PositiveBigIntegerField(
                default=0, help_text="Records processed: where it continues after an interruption."
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="fitted",
            field=models.BigIntegerField(
                editable=False,
                help_text="The semantic model that the vector belongs to.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="is_new",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Whether it’s yet to be matched with days matched before it was added.",
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="key",
            field=models.CharField(
                help_text="Hash of what is followed; equal interests have equal ones.",
                max_length=32,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="spec",
            field=models.JSONField(
                help_text="What is followed; see papers.matching.interests.specs."
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="vector",
            field=models.BinaryField(
                help_text="For “papers like these”: the vector that they share.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="interestmatch",
            name="is_certain",
            field=models.BooleanField(
                help_text="Whether it surely matches; otherwise it’s only possible."
            ),
        ),
        migrations.AlterField(
            model_name="muted",
            name="name",
            field=models.CharField(help_text="What the reader sees.", max_length=120),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("confirm", "confirmation"),
                    ("already", "already subscribed"),
                    ("preferences", "preferences link"),
                    ("goodbye", "goodbye"),
                    ("move_from", "change of address, to the old address"),
                    ("move_to", "change of address, to the new address"),
                    ("moved", "address changed"),
                    ("permission", "asking an imported reader"),
                    ("nothing", "nothing they follow is offered anymore"),
                    ("operator", "note to the operator"),
                    ("test", "test of a digest or a letter"),
                ],
                max_length=11,
            ),
        ),
        migrations.AlterField(
            model_name="readerexport",
            name="rows",
            field=models.PositiveBigIntegerField(
                help_text="How many rows; empty if it broke off or is still running.", null=True
            ),
        ),
    ]
