from django.db import migrations, models
import django.db.models.deletion

# Until now a deletion hid as soon as it was there.
NOTE_MOMENTS = "UPDATE interactions_deletion SET hidden_at = requested_at"
# What never hid must not, when keys alone hide again.
FORGET_MOMENTS = "UPDATE interactions_deletion SET finished_at = requested_at WHERE hidden_at IS NULL"
KEEP_HIDDEN = """
    INSERT INTO interactions_hiddeninteraction (deletion_id, interaction_id)
    SELECT deletion_id, interaction_id FROM interactions_hiddenbefore
"""
KEEP_HIDDEN_ONCE = """
    INSERT INTO interactions_hiddenbefore (deletion_id, interaction_id)
    SELECT MIN(deletion_id), interaction_id FROM interactions_hiddeninteraction
    WHERE deletion_id IN (SELECT id FROM interactions_deletion WHERE hidden_at IS NOT NULL)
    GROUP BY interaction_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('interactions', '0007_add_deletions'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='deletion',
            name='deletion_unfinished',
        ),
        migrations.AddField(
            model_name='deletion',
            name='hidden_at',
            field=models.DateTimeField(null=True),
        ),
        # No table gets another primary key: what is hidden moves to a new one.
        migrations.RenameModel(
            old_name='HiddenInteraction',
            new_name='HiddenBefore',
        ),
        migrations.CreateModel(
            name='HiddenInteraction',
            fields=[
                ('pk', models.CompositePrimaryKey('deletion_id', 'interaction_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('interaction_id', models.BigIntegerField()),
                ('deletion', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='interactions.deletion')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(NOTE_MOMENTS, FORGET_MOMENTS),
        migrations.RunSQL(KEEP_HIDDEN, KEEP_HIDDEN_ONCE),
        migrations.DeleteModel(
            name='HiddenBefore',
        ),
        migrations.AddIndex(
            model_name='deletion',
            index=models.Index(condition=models.Q(('finished_at__isnull', True), ('hidden_at__isnull', False)), fields=['project'], name='deletion_hiding'),
        ),
        migrations.AddIndex(
            model_name='deletion',
            index=models.Index(condition=models.Q(('hidden_at__isnull', True)), fields=['requested_at'], name='deletion_never_hid'),
        ),
    ]
