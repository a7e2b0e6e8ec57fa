import catalog.clock
import catalog.fields
import django.db.models.deletion
import identity.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', catalog.fields.KeyField(default=identity.models.new_id, editable=False, max_length=64, primary_key=True, serialize=False)),
                ('name', catalog.fields.KeyField(max_length=64, unique=True)),
                ('description', models.TextField(blank=True, default='')),
                ('enabled', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', catalog.fields.KeyField(default=identity.models.new_id, editable=False, max_length=64, primary_key=True, serialize=False)),
                ('name', catalog.fields.KeyField(max_length=255, unique=True)),
                ('description', models.TextField(blank=True, default='')),
            ],
        ),
        migrations.CreateModel(
            name='FailedLogin',
            fields=[
                ('key', catalog.fields.KeyField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('subject', models.CharField(max_length=400)),
                ('failures', models.IntegerField(default=0)),
                ('last_failed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['last_failed_at'], name='failed_login_time')],
            },
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', catalog.fields.KeyField(default=identity.models.new_id, editable=False, max_length=64, primary_key=True, serialize=False)),
                ('name', catalog.fields.KeyField(max_length=64)),
                ('description', models.TextField(blank=True, default='')),
                ('enabled', models.BooleanField(default=True)),
                ('domain', models.ForeignKey(default='default', on_delete=django.db.models.deletion.PROTECT, to='identity.domain')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='identity.project')),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', catalog.fields.KeyField(default=identity.models.new_id, editable=False, max_length=64, primary_key=True, serialize=False)),
                ('name', catalog.fields.KeyField(max_length=255, verbose_name='user name')),
                ('email', catalog.fields.KeyField(blank=True, default='', max_length=255)),
                ('description', models.TextField(blank=True, default='')),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=catalog.clock.now, editable=False)),
                ('epoch', models.IntegerField(default=0, editable=False)),
                ('domain', models.ForeignKey(default='default', on_delete=django.db.models.deletion.PROTECT, to='identity.domain')),
                ('default_project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='identity.project')),
            ],
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('system', models.BooleanField(default=False)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to=settings.AUTH_USER_MODEL)),
                ('domain', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.domain')),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='identity.project')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='identity.role')),
            ],
        ),
        migrations.CreateModel(
            name='RoleImplication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('implied', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='implied_by', to='identity.role')),
                ('prior', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='implications', to='identity.role')),
            ],
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('digest', catalog.fields.KeyField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('system', models.BooleanField(default=False)),
                ('methods', models.JSONField(default=list)),
                ('audit_ids', models.JSONField(default=list)),
                ('issued_at', models.DateTimeField(default=catalog.clock.now)),
                ('expires_at', models.DateTimeField()),
                ('domain', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.domain')),
                ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='derived', to='identity.token')),
                ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.project')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='KnownAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', catalog.fields.KeyField(max_length=64)),
                ('seen_at', models.DateTimeField(default=catalog.clock.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'known addresses',
                'constraints': [models.UniqueConstraint(fields=('user', 'address'), name='known_address_once')],
            },
        ),
        migrations.AddIndex(
            model_name='project',
            index=models.Index(fields=['name'], name='project_name'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.UniqueConstraint(fields=('domain', 'name'), name='project_name_in_domain'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['name'], name='user_name'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['email'], name='user_email'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('domain', 'name'), name='user_name_in_domain'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('project__isnull', False)), fields=('user', 'project', 'role'), name='assignment_project'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('domain__isnull', False)), fields=('user', 'domain', 'role'), name='assignment_domain'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('system', True)), fields=('user', 'role'), name='assignment_system'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('domain__isnull', True), ('project__isnull', False), ('system', False)), models.Q(('domain__isnull', False), ('project__isnull', True), ('system', False)), models.Q(('domain__isnull', True), ('project__isnull', True), ('system', True)), _connector='OR'), name='assignment_one_target'),
        ),
        migrations.AddConstraint(
            model_name='roleimplication',
            constraint=models.UniqueConstraint(fields=('prior', 'implied'), name='implication_once'),
        ),
        migrations.AddConstraint(
            model_name='roleimplication',
            constraint=models.CheckConstraint(condition=models.Q(('prior', models.F('implied')), _negated=True), name='implication_of_another'),
        ),
        migrations.AddIndex(
            model_name='token',
            index=models.Index(fields=['expires_at'], name='token_expiry'),
        ),
    ]
