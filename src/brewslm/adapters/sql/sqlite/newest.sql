CREATE TABLE projects (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	template TEXT NOT NULL, 
	base_model TEXT NOT NULL, 
	seed INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_projects PRIMARY KEY (id), 
	CONSTRAINT uq_projects_name UNIQUE (name)
);

CREATE TABLE jobs (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	parent_id INTEGER, 
	idempotency_key TEXT, 
	status TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	fraction FLOAT NOT NULL, 
	message TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	lease_owner TEXT, 
	lease_expires_at DATETIME, 
	is_cancel_requested BOOLEAN NOT NULL, 
	artifact_id TEXT, 
	reason TEXT, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	version INTEGER NOT NULL, priority INTEGER DEFAULT '0' NOT NULL, retry_of INTEGER CONSTRAINT fk_jobs_retry_of REFERENCES jobs (id), device TEXT, is_pause_requested BOOLEAN DEFAULT '0' NOT NULL, waiting_reason TEXT, question TEXT, gate_id INTEGER, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_jobs_parent_id FOREIGN KEY(parent_id) REFERENCES jobs (id), 
	CONSTRAINT fk_jobs_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_jobs_project_id_idempotency_key UNIQUE (project_id, idempotency_key), 
	CONSTRAINT uq_jobs_run_id UNIQUE (run_id)
);

CREATE INDEX ix_jobs_parent_id ON jobs (parent_id);

CREATE INDEX ix_jobs_project_id_id ON jobs (project_id, id);

CREATE INDEX ix_jobs_status ON jobs (status);

CREATE TABLE artifacts (
	project_id INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	schema_version INTEGER NOT NULL, 
	content_hash TEXT NOT NULL, 
	body TEXT NOT NULL, 
	job_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	added_seq INTEGER NOT NULL, 
	shelf_seq INTEGER NOT NULL, 
	CONSTRAINT pk_artifacts PRIMARY KEY (project_id, id), 
	CONSTRAINT fk_artifacts_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT fk_artifacts_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_artifacts_added_seq UNIQUE (added_seq), 
	CONSTRAINT uq_artifacts_shelf_seq UNIQUE (shelf_seq)
);

CREATE INDEX ix_artifacts_project_id_kind_shelf_seq ON artifacts (project_id, kind, shelf_seq);

CREATE TABLE artifact_parents (
	project_id INTEGER NOT NULL, 
	artifact_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	parent_id TEXT NOT NULL, 
	CONSTRAINT pk_artifact_parents PRIMARY KEY (project_id, artifact_id, position), 
	CONSTRAINT fk_artifact_parents_project_id_artifact_id FOREIGN KEY(project_id, artifact_id) REFERENCES artifacts (project_id, id), 
	CONSTRAINT fk_artifact_parents_project_id_parent_id FOREIGN KEY(project_id, parent_id) REFERENCES artifacts (project_id, id)
);

CREATE INDEX ix_artifact_parents_project_id_parent_id ON artifact_parents (project_id, parent_id);

CREATE TABLE run_events (
	seq INTEGER NOT NULL, 
	project_id INTEGER, 
	run_id TEXT NOT NULL, 
	parent_run_id TEXT, 
	stage TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	occurred_at DATETIME NOT NULL, 
	recorded_at DATETIME NOT NULL, 
	prev_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_run_events PRIMARY KEY (seq), 
	CONSTRAINT fk_run_events_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_run_events_project_id_seq ON run_events (project_id, seq);

CREATE INDEX ix_run_events_run_id_seq ON run_events (run_id, seq);

CREATE TABLE chain_heads (
	chain INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	num_events INTEGER NOT NULL, 
	CONSTRAINT pk_chain_heads PRIMARY KEY (chain)
);

CREATE TRIGGER run_events_refuse_update BEFORE UPDATE ON run_events
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END;

CREATE TRIGGER run_events_refuse_delete BEFORE DELETE ON run_events
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END;

CREATE TRIGGER run_events_refuse_replace BEFORE INSERT ON run_events
    WHEN EXISTS (SELECT 1 FROM run_events WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END;

CREATE TABLE journal_positions (
	job_id INTEGER NOT NULL, 
	offset_bytes INTEGER NOT NULL, 
	CONSTRAINT pk_journal_positions PRIMARY KEY (job_id), 
	CONSTRAINT fk_journal_positions_job_id FOREIGN KEY(job_id) REFERENCES jobs (id)
);

CREATE TABLE experiments (
	project_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	plan_id TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_experiments PRIMARY KEY (project_id, id), 
	CONSTRAINT fk_experiments_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT fk_experiments_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_experiments_job_id UNIQUE (job_id)
);

CREATE TABLE releases (
	project_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	release_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at DATETIME NOT NULL, canary_share FLOAT DEFAULT '0' NOT NULL, reason TEXT DEFAULT '' NOT NULL, actor TEXT, decided_at DATETIME, live_at DATETIME, 
	CONSTRAINT pk_releases PRIMARY KEY (project_id, version), 
	CONSTRAINT fk_releases_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE gates (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	job_id INTEGER NOT NULL, 
	flow_id INTEGER, 
	artifact_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	question TEXT NOT NULL, 
	note TEXT NOT NULL, 
	actor TEXT, 
	opened_at DATETIME NOT NULL, 
	decided_at DATETIME, 
	CONSTRAINT pk_gates PRIMARY KEY (id), 
	CONSTRAINT uq_gates_job_id UNIQUE (job_id), 
	CONSTRAINT fk_gates_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT fk_gates_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT fk_gates_flow_id FOREIGN KEY(flow_id) REFERENCES jobs (id)
);

CREATE INDEX ix_gates_state ON gates (state);

CREATE INDEX ix_gates_project_id_artifact_id ON gates (project_id, artifact_id);

CREATE TABLE gate_modes (
	project_id INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	CONSTRAINT pk_gate_modes PRIMARY KEY (project_id, stage), 
	CONSTRAINT fk_gate_modes_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE TABLE notifications (
	id INTEGER NOT NULL, 
	event_seq INTEGER NOT NULL, 
	event_hash TEXT NOT NULL, 
	project_id INTEGER, 
	run_id TEXT NOT NULL, 
	parent_run_id TEXT, 
	job_id INTEGER, 
	experiment_id INTEGER, 
	severity TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	title TEXT NOT NULL, 
	line TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	read_at DATETIME, 
	is_routed BOOLEAN NOT NULL, 
	CONSTRAINT pk_notifications PRIMARY KEY (id), 
	CONSTRAINT fk_notifications_event_seq FOREIGN KEY(event_seq) REFERENCES run_events (seq), 
	CONSTRAINT fk_notifications_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT fk_notifications_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_notifications_event_seq UNIQUE (event_seq)
);

CREATE INDEX ix_notifications_parent_run_id ON notifications (parent_run_id);

CREATE INDEX ix_notifications_read_at_id ON notifications (read_at, id);

CREATE INDEX ix_notifications_is_routed_id ON notifications (is_routed, id);

CREATE TABLE deliveries (
	notification_id INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	queued_at DATETIME NOT NULL, 
	state TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_at DATETIME NOT NULL, 
	message_id TEXT, 
	lease TEXT, 
	lease_expires_at DATETIME, 
	finished_at DATETIME, 
	CONSTRAINT pk_deliveries PRIMARY KEY (notification_id, channel), 
	CONSTRAINT fk_deliveries_notification_id FOREIGN KEY(notification_id) REFERENCES notifications (id)
);

CREATE INDEX ix_deliveries_state_channel_notification_id ON deliveries (state, channel, notification_id);

CREATE INDEX ix_deliveries_channel_finished_at ON deliveries (channel, finished_at);

CREATE TABLE channel_states (
	name TEXT NOT NULL, 
	last_sent_at DATETIME, 
	last_failed_at DATETIME, 
	last_error TEXT, 
	is_dead BOOLEAN NOT NULL, 
	CONSTRAINT pk_channel_states PRIMARY KEY (name)
);

CREATE TABLE monitor_states (
	job_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	state TEXT NOT NULL, 
	CONSTRAINT pk_monitor_states PRIMARY KEY (job_id, name), 
	CONSTRAINT fk_monitor_states_job_id FOREIGN KEY(job_id) REFERENCES jobs (id)
);

CREATE TABLE watch_checks (
	job_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_watch_checks PRIMARY KEY (job_id, step, position), 
	CONSTRAINT fk_watch_checks_job_id FOREIGN KEY(job_id) REFERENCES jobs (id)
);

CREATE TABLE watchers (
	name TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_watchers PRIMARY KEY (name)
);

CREATE TABLE "metrics" (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	step INTEGER, 
	body TEXT NOT NULL, 
	loss FLOAT, 
	delta FLOAT, 
	learning_rate FLOAT, 
	grad_norm FLOAT, 
	is_non_finite BOOLEAN NOT NULL, 
	CONSTRAINT pk_metrics PRIMARY KEY (id), 
	CONSTRAINT fk_metrics_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT uq_metrics_job_id_seq UNIQUE (job_id, seq)
);

CREATE INDEX ix_metrics_job_id ON metrics (job_id);

CREATE INDEX ix_metrics_series ON metrics (job_id, kind, seq, loss, delta, learning_rate, grad_norm, is_non_finite);

CREATE INDEX ix_jobs_finished_at ON jobs (finished_at);

CREATE TABLE server_leader (
	id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	CONSTRAINT pk_server_leader PRIMARY KEY (id)
);

CREATE INDEX ix_jobs_retry_of ON jobs (retry_of);

CREATE TABLE endpoint_keys (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	hint TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_endpoint_keys PRIMARY KEY (id), 
	CONSTRAINT fk_endpoint_keys_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_endpoint_keys_sha256 UNIQUE (sha256)
);

CREATE INDEX ix_endpoint_keys_project_id ON endpoint_keys (project_id);

CREATE TABLE backlog_entries (
	project_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_backlog_entries PRIMARY KEY (project_id, number), 
	CONSTRAINT fk_backlog_entries_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_backlog_entries_project_id_key UNIQUE (project_id, "key")
);

CREATE INDEX ix_run_events_project_id_severity_seq_stage ON run_events (project_id, severity, seq, stage);

CREATE INDEX ix_run_events_run_id_reason_severity_occurred_at ON run_events (run_id, reason, severity, occurred_at);
